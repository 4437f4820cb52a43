"""The same Plan carried by Spark: each task runs the one kernel over a range of households."""
