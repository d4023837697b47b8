"""How available the platform can be: assumptions, arithmetic, sensitivity, and a page of it."""
