"""What is measured, against what; `make bench` writes docs/performance.md."""
