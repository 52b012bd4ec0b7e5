"""What admins may do in the bot (rules 30 to 32): /admin and all that its buttons lead to.

Each area is for `Who.ADMINS`, so the router refuses everybody else at every press anew. No area
holds anything between two presses: what is asked for stands in the button's data, and where a
conversation stands is the database's to know, for each admin apart. So any number of admins may
work at once, and a press on a button of yesterday does what it says or nothing.
"""
