"""/dashboard: what admins see and do in a browser.

deps       what it is given
door       who is let in: cookies, forms, and what is said to everybody else
entrance   signing in by a link of the bot, and out
forms      what a form sends
pulse      the last minutes, beat by beat
history    the last day to the last year, as charts want it
pages      how a page comes about
overview, people, files, links, broadcasts, troubles   the pages
room       all routes on one screen
"""
