-- Erased contacts: a keyed hash of every id they had, so that late facts are dropped. The ids of
-- before are hashed when the store is opened (they need the key), and this table goes.
ALTER TABLE tombstone RENAME TO bare_tombstone;
CREATE TABLE tombstone (
    mark BLOB PRIMARY KEY,                    -- HMAC-SHA256 of the id; key: setting `erased.key`
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids of erased contacts whose raw bodies are still to be looked for; empty once that is done.
CREATE TABLE erasure (
    no         INTEGER PRIMARY KEY AUTOINCREMENT,
    contact    INTEGER NOT NULL,
    everywhere INTEGER NOT NULL               -- 0: only in deliveries that are known to speak of it
) STRICT;

-- 1: the body speaks of an erased contact and goes as soon as it is decoded.
ALTER TABLE delivery ADD COLUMN forget INTEGER NOT NULL DEFAULT 0;

-- The number of the batch that told the profile: what Mautic was asked for after that is newer, whatever
-- its clock says.
ALTER TABLE contact ADD COLUMN told_in INTEGER;

-- Contacts that a webhook showed as they are not known, and as older: Mautic has to say how they are.
CREATE TABLE look_up (
    contact INTEGER PRIMARY KEY,
    number  INTEGER NOT NULL                  -- of the batch that showed it
) STRICT;
