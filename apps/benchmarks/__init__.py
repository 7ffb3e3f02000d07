"""What `apps/benchmark.py` measures, a suite a file, and what measures it."""
