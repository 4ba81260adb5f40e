"""What key energy-using units have said they will send, the meters that it becomes, and what could not be counted.

A room of its own above devices and meters: it knows both, and neither needs to know of this interface. Each item, a
data code with a type of statistics, becomes one meter of the unit. It is an amount, and so adds up, when its usage is
what was used, its energy and unit are known, and no finer item of the same code adds up already; otherwise it is a
level, which is kept and shown and never added: the same energy must not count twice, nor under a meaning that nobody
knows.
"""
