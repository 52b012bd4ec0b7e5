"""Everything that speaks to Telegram; the rest of the house sees `gateway` alone."""
