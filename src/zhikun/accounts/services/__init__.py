"""What is done to accounts: each verb guards, changes and records in one transaction."""
