"""The institution register: a HIRA-style list becomes Organization, Location and HealthcareService."""
