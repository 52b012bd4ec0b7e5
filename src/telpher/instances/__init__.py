"""What several instances tell each other, over Redis (REDIS_URL).

    bell      something changed: look at the database now, not at your next turn
    census    how many plays of whose links go on where

Workers of one machine without a Redis are `neighbours`, who hear the bell over their telephone.

Both make quicker or stricter what holds without them. With Redis away each instance goes by the
database, and counts by itself; nobody who plays a film waits for it for more than a moment.
"""
