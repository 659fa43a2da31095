"""Behind the fence: the only place that imports qiskit. Runs in child processes alone."""
