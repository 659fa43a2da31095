# Thin on purpose: every child of the process pool imports the main module once more.
from quantum_tasks.cli import main

if __name__ == "__main__":
    main()
