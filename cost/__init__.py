"""What an environment in AWS costs a month: prices, quantities, and the bill of materials."""
