"""What telpher is measured against: small servers, with every fair help."""
