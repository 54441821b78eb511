"""A student for a database that nobody has worded."""
