"""The evidence pack: build/evidence, what a reviewer may want to see, made of the code and of what was run."""
