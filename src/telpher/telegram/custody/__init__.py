"""Which keys this process may use, and whether it handles the updates.

Telegram ends a key that is seen twice at once, logins bring flood waits of up to an hour, and an
update that two processes handle is answered twice. In a rolling deploy the old and the new instance
live side by side, and the database between them may be away. The rules:

**Keys.** An account's sessions are kept in slots, "bot42/0", "bot42/1", ...: sealed (`seal`), each
under a lease "session bot42/0". A key may be used

1. under the lease of the slot it is kept in, or
2. without any, as long as it has never been in the database: then nobody else can have it.

Whoever starts takes the slot it had last, else the first free one with a key, else an empty one,
in which it logs in beside the others. When all are taken, or the database is away, it logs in all
the same and keeps the key to itself (2); once there is room, the key moves into a slot. A login
that Telegram holds up is not waited for when somebody gives a key back meanwhile.

A lease lasts an hour, is renewed every five minutes, and is given back at the end. An instance that
cannot renew it does not know whether another one takes it over as soon as it ends, so some minutes
before that it closes every connection made with the key, and logs in beside. How long an hour is,
the database says; that it is not over yet, both of our clocks must say: the monotonic one, which
cannot be set, and the wall clock, which goes on while a machine is suspended. (A process that is
stopped in its tracks for longer than the margin is beyond any lease; Telegram then ends the key,
and both log in again.)

Why an hour: a database that is away for less costs nothing, one that is away for longer costs each
account one login. An instance that dies without giving its lease back costs nothing where WORK_DIR
is kept, because the lease is held by the folder's own id (`disk.instance_id`); else one login, when
the next one starts within the hour.

**The copy on disk.** What is in the slot is in WORK_DIR as well, sealed too. While the database can
be asked, the newer of both holds, under the slot's lease. While it cannot, the copy may be used by
the instance that wrote it, until the lease ends that it held then; after that, or after it gave the
slot back, nobody can know who has the key now, and it logs in beside (2). A key of the second kind
is on disk alone, so that starting again and again without a database costs one login.

**Updates.** One instance is on duty: it holds the lease "updates bot42", of six seconds. All others
keep their connections without updates. How far updates were handled is kept apart from the keys
("bot42 updates"), under that lease, and covers only what was handled to its end. Who goes off duty
in order stops hearing, finishes what it has, saves how far it is, and gives the lease back at once:
nothing is lost, nothing is handled twice. Who is killed has handled up to the last save; what came
after is handled again, with answers whose random ids are derived from the update, so that Telegram
drops their repeats. For the same reason the one on duty goes on while the database is away, and so
does one that starts then: at once when it was on duty when it ended, else after some seconds,
although another that can reach the database may take over: an answer given twice costs nothing, a
silent bot does. Two states are of one account, so the farther one holds.

A process that was frozen wakes up in the middle of a sentence, and with updates in its ears that
another one has answered meanwhile. So before an update is handled, and before each request that
answers one, both clocks must say that the lease is not over yet; else the database is asked. What
is not ours any more is dropped, and forgotten as if it was never heard: whoever is on duty hears it
as well. (A virtual machine that was paused may have no clock that noticed. What it still says goes
out under the same random ids as that of its successor, and reaches nobody.)
"""
