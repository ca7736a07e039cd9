"""The few operations that differ between runtimes, one file each."""
