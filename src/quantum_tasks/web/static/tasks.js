// The page Tasks.
