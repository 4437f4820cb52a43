"""What officers start here: trials of other rules, measures of poverty."""
