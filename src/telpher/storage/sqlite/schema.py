"""The form of WORK_DIR/telpher.sqlite3, step by step; released steps are never changed.

Times are REAL Unix seconds, truths are 0 and 1. Each index is there for a statement of the module
that its table is named after; tests hold that none reads a whole table. An index of some rows also
holds the columns that choose them: without these, counting would look at each row itself.
"""

# ruff: noqa: S608 (the statements are put together from this module's own constants)

from __future__ import annotations

from typing import Final

_USERS = """
    CREATE TABLE users (
        user_id INTEGER PRIMARY KEY,
        first_name TEXT NOT NULL DEFAULT '',
        last_name TEXT NOT NULL DEFAULT '',
        username TEXT NOT NULL DEFAULT '',
        name_key TEXT NOT NULL DEFAULT '',
        language_code TEXT NOT NULL DEFAULT '',
        is_premium INTEGER NOT NULL DEFAULT 0,
        is_bot INTEGER NOT NULL DEFAULT 0,
        join_date REAL NOT NULL DEFAULT 0,
        first_seen REAL NOT NULL DEFAULT 0,
        last_seen REAL NOT NULL DEFAULT 0,
        role TEXT NOT NULL DEFAULT 'user',
        banned INTEGER NOT NULL DEFAULT 0,
        blocked_bot INTEGER NOT NULL DEFAULT 0,
        total_streams INTEGER NOT NULL DEFAULT 0,
        total_files INTEGER NOT NULL DEFAULT 0,
        total_batch_requests INTEGER NOT NULL DEFAULT 0,
        bytes_served INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX users_by_join_date ON users (join_date, user_id);
    CREATE INDEX users_by_last_seen ON users (last_seen);
    CREATE INDEX users_by_name ON users (name_key, last_seen) WHERE name_key != '';
    CREATE INDEX users_reachable ON users (user_id, banned, blocked_bot)
        WHERE banned = 0 AND blocked_bot = 0;
    CREATE INDEX users_banned ON users (banned) WHERE banned = 1;
    CREATE INDEX users_blocked ON users (blocked_bot) WHERE blocked_bot = 1;
"""

# Whether an owner is banned stands with the owner alone. `changed` is when the link last died or
# came back to life, 0 when it never did; revoked links are out of their owners' and batches' index.
_LINKS = """
    CREATE TABLE links (
        link_id INTEGER PRIMARY KEY,
        owner INTEGER NOT NULL,
        chat_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        created REAL NOT NULL,
        expires INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        document_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        kind TEXT NOT NULL,
        duration INTEGER NOT NULL,
        playlist TEXT NOT NULL,
        revoked REAL NOT NULL DEFAULT 0,
        plays INTEGER NOT NULL DEFAULT 0,
        bytes_served INTEGER NOT NULL DEFAULT 0,
        last_play REAL NOT NULL DEFAULT 0,
        changed REAL NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX links_of_owner ON links (owner, created, link_id) WHERE revoked = 0;
    CREATE INDEX links_of_playlist ON links (playlist) WHERE revoked = 0 AND playlist != '';
    CREATE INDEX links_changed ON links (changed, link_id) WHERE changed > 0;
    CREATE TABLE playlists (
        playlist_id TEXT PRIMARY KEY,
        owner INTEGER NOT NULL,
        title TEXT NOT NULL,
        created REAL NOT NULL,
        entries BLOB NOT NULL
    ) STRICT;
"""

_WORK = """
    CREATE TABLE jobs (
        job_id TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        owner INTEGER NOT NULL,
        created REAL NOT NULL,
        state TEXT NOT NULL,
        plan TEXT NOT NULL,
        progress TEXT NOT NULL,
        cancel INTEGER NOT NULL,
        fence INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX jobs_by_age ON jobs (kind, created, job_id);
    CREATE INDEX jobs_unfinished ON jobs (kind, created, job_id)
        WHERE state IN ('waiting', 'running');
    CREATE TABLE leases (
        name TEXT PRIMARY KEY,
        holder TEXT NOT NULL,
        fence INTEGER NOT NULL,
        ends REAL NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        name TEXT PRIMARY KEY,
        fence INTEGER NOT NULL,
        data BLOB NOT NULL
    ) STRICT;
    CREATE TABLE dialogues (
        user_id INTEGER PRIMARY KEY,
        step TEXT NOT NULL,
        data TEXT NOT NULL,
        expires REAL NOT NULL
    ) STRICT;
    CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        data BLOB NOT NULL,
        changed REAL NOT NULL
    ) STRICT;
"""

# `writers` has each writer's last number and the users who were new then, as a JSON array.
_COUNTERS = """
    CREATE TABLE writers (
        writer TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        answer TEXT NOT NULL
    ) STRICT;
    CREATE TABLE totals (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        streams INTEGER NOT NULL DEFAULT 0,
        files INTEGER NOT NULL DEFAULT 0,
        unique_files INTEGER NOT NULL DEFAULT 0,
        bytes_served INTEGER NOT NULL DEFAULT 0,
        batches INTEGER NOT NULL DEFAULT 0,
        errors INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    INSERT INTO totals (one) VALUES (1);
    CREATE TABLE files (
        document_id INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        plays INTEGER NOT NULL,
        bytes_served INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX files_by_plays ON files (plays DESC, document_id) WHERE plays > 0;
    CREATE TABLE hours (
        hour INTEGER PRIMARY KEY,
        streams INTEGER NOT NULL,
        bytes_served INTEGER NOT NULL,
        files INTEGER NOT NULL,
        batches INTEGER NOT NULL,
        errors INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE days (
        day INTEGER NOT NULL,
        owner INTEGER NOT NULL,
        bytes_served INTEGER NOT NULL,
        PRIMARY KEY (day, owner)
    ) STRICT, WITHOUT ROWID;
"""

# The queue is a table of its own: it stays small, so that finding the oldest is quick however many
# copies there are. `place_chat` is NULL where `gave_up` says why.
_COPIES = """
    CREATE TABLE wanted (
        number INTEGER PRIMARY KEY,
        chat_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        UNIQUE (chat_id, message_id)
    ) STRICT;
    CREATE INDEX wanted_by_chat ON wanted (chat_id, number);
    CREATE TABLE copies (
        chat_id INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        place_chat INTEGER,
        place_message INTEGER,
        gave_up TEXT,
        PRIMARY KEY (chat_id, message_id)
    ) STRICT, WITHOUT ROWID
"""

_TOKENS = """
    CREATE TABLE tokens (
        token_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        digest BLOB NOT NULL,
        scopes TEXT NOT NULL,
        created REAL NOT NULL,
        expires REAL NOT NULL,
        revoked REAL NOT NULL
    ) STRICT;
    CREATE INDEX tokens_by_age ON tokens (created, token_id)
"""

# Lists and searches of the dashboard, and figures by the hour. `visited` is the hour of the last
# visit that counted in `activity` (core/spans). The functions are those of storage/search.
_FIGURES = """
    ALTER TABLE users ADD COLUMN visited INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE users ADD COLUMN full_key TEXT NOT NULL DEFAULT '';
    ALTER TABLE users ADD COLUMN last_key TEXT NOT NULL DEFAULT '';
    UPDATE users SET last_key = name_search_key(last_name),
        full_key = name_search_key(first_name || ' ' || last_name);
    DROP INDEX users_by_name;
    CREATE INDEX users_by_username ON users (name_key, user_id) WHERE name_key != '';
    CREATE INDEX users_by_full_name ON users (full_key, user_id) WHERE full_key != '';
    CREATE INDEX users_by_last_name ON users (last_key, user_id) WHERE last_key != '';
    CREATE INDEX links_by_age ON links (created, link_id) WHERE revoked = 0;
    CREATE INDEX links_of_file ON links (document_id, created, link_id) WHERE revoked = 0;
    ALTER TABLE files ADD COLUMN created REAL NOT NULL DEFAULT 0;
    ALTER TABLE files ADD COLUMN last_play REAL NOT NULL DEFAULT 0;
    ALTER TABLE files ADD COLUMN visited INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE files ADD COLUMN file_key TEXT NOT NULL DEFAULT '';
    INSERT INTO files
        (document_id, chat_id, message_id, name, size, plays, bytes_served, created, last_play)
    SELECT document_id, chat_id, message_id, name, size, 0, 0, min(created), max(last_play)
        FROM links WHERE true GROUP BY document_id
    ON CONFLICT (document_id) DO UPDATE SET
        created = excluded.created, last_play = excluded.last_play;
    UPDATE files SET created = CAST(strftime('%s', 'now') AS REAL) WHERE created = 0 AND plays > 0;
    UPDATE files SET file_key = file_search_key(name);
    DROP INDEX files_by_plays;
    CREATE INDEX files_by_plays ON files (plays, document_id, file_key) WHERE created > 0;
    CREATE INDEX files_by_age ON files (created, document_id, file_key) WHERE created > 0;
    CREATE INDEX files_by_last_play ON files (last_play) WHERE last_play > 0;
    ALTER TABLE hours ADD COLUMN answers INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE hours ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE totals ADD COLUMN answers INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE totals ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE errors (
        hour INTEGER NOT NULL,
        key TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (hour, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE activity (
        span TEXT NOT NULL,
        start INTEGER NOT NULL,
        users INTEGER NOT NULL,
        files INTEGER NOT NULL,
        PRIMARY KEY (span, start)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX activity_by_start ON activity (start)
"""

# The first second of the hour somebody was last seen in; of what lies before 1970 the first of all.
_HOUR_OF = "(max(CAST({0}.last_seen AS INTEGER), 0) / 3600 * 3600)"
_OLD_HOUR, _NEW_HOUR = _HOUR_OF.format("old"), _HOUR_OF.format("new")
_COMES = f"""
    INSERT INTO seen (hour, people) VALUES ({_NEW_HOUR}, 1)
        ON CONFLICT (hour) DO UPDATE SET people = people + 1
"""
_GOES = f"""
    UPDATE seen SET people = people - 1 WHERE hour = {_OLD_HOUR};
    DELETE FROM seen WHERE hour = {_OLD_HOUR} AND people = 0
"""

_REACHABLE = "({0}.banned = 0 AND {0}.blocked_bot = 0)"
_OLD, _NEW = _REACHABLE.format("old"), _REACHABLE.format("new")

# How many people there are, by their marks and by the hour they were last seen in, so that nobody
# has to count a million of them. Triggers keep it: whatever changes a user changes it in the same
# transaction.
_PEOPLE = f"""
    ALTER TABLE totals ADD COLUMN people INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE totals ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE totals ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE totals ADD COLUMN reachable INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE seen (
        hour INTEGER PRIMARY KEY,
        people INTEGER NOT NULL
    ) STRICT;
    UPDATE totals SET
        people = (SELECT count(*) FROM users),
        banned = (SELECT count(*) FROM users WHERE banned = 1),
        blocked = (SELECT count(*) FROM users WHERE blocked_bot = 1),
        reachable = (SELECT count(*) FROM users WHERE banned = 0 AND blocked_bot = 0);
    INSERT INTO seen SELECT {_HOUR_OF.format("users")}, count(*) FROM users GROUP BY 1;
    DROP INDEX users_banned;
    DROP INDEX users_blocked;
    CREATE TRIGGER users_come AFTER INSERT ON users BEGIN
        UPDATE totals SET people = people + 1, banned = banned + new.banned,
            blocked = blocked + new.blocked_bot, reachable = reachable + {_NEW};
        {_COMES};
    END;
    CREATE TRIGGER users_go AFTER DELETE ON users BEGIN
        UPDATE totals SET people = people - 1, banned = banned - old.banned,
            blocked = blocked - old.blocked_bot, reachable = reachable - {_OLD};
        {_GOES};
    END;
    CREATE TRIGGER users_change AFTER UPDATE OF banned, blocked_bot ON users
    WHEN old.banned != new.banned OR old.blocked_bot != new.blocked_bot BEGIN
        UPDATE totals SET banned = banned + new.banned - old.banned,
            blocked = blocked + new.blocked_bot - old.blocked_bot,
            reachable = reachable + {_NEW} - {_OLD};
    END;
    CREATE TRIGGER users_return AFTER UPDATE OF last_seen ON users
    WHEN {_OLD_HOUR} != {_NEW_HOUR} BEGIN
        {_GOES};
        {_COMES};
    END
"""

STEPS: Final = (f"{_USERS}{_LINKS}{_WORK}{_COUNTERS}{_COPIES}", _TOKENS, _FIGURES, _PEOPLE)
