# Short on purpose: every child of the process pool imports the main module again.
from quantum_tasks.cli import main

if __name__ == "__main__":
    main()
