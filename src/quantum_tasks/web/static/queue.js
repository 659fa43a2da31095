// The page Queue.
