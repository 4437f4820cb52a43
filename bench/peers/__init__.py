"""The same rules for pandas, OpenFisca and Spark SQL, written from the plan."""
