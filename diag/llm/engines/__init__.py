"""Models behind one small interface. Each module imports its library when it is asked, never before."""
