"""The clock is put right after every test, and uploads go into a folder of their own."""

from tests.factories import clock_restored, private_files

__all__ = ["clock_restored", "private_files"]
