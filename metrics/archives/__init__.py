"""Files that hold many diagrams: zip and tar archives, and lines of JSON."""
