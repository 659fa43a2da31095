"""All tasks of a database in one file, and back again.

Input: the URL of a database, and a file. Output: that file; or all of its tasks in the database,
which was empty. A backup is consistent while tasks run. A restore is one transaction.

It uses `database`, and from `queue` how long an instance may be silent. Begin with `file.py`,
which describes the format, then `backup.py` and `restore.py`.
"""
