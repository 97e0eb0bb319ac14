"""Read off: planned, market and guaranteed shares, requirements, stress, levers, caps, chains and worst cases."""
