"""What is allowed: conditions by topic, mapped to the controls of SOC 2 and GDPR."""
