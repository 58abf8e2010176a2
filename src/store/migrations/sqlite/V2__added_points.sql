-- Points that are added, not set: main points, and groups into which others put points, too.

-- How a target's value is brought about: 0 set, 1 added to what Mautic shows, 2 added to what Mautic logged.
-- Kind 2 of a target: the main points (id 0).
ALTER TABLE target ADD COLUMN way INTEGER NOT NULL DEFAULT 0;

DROP INDEX target_order;
CREATE INDEX target_order ON target (urgency DESC, caused_at, contact, not_before, way)
    WHERE pending = 1 AND parked = 0;

-- Until then a call of which no answer came may still take effect: nothing newer is written before.
ALTER TABLE target ADD COLUMN unsettled_until INTEGER NOT NULL DEFAULT 0;

-- Stands in every mark of ours in Mautic's points log, so that a store restored from a backup is noticed.
INSERT OR IGNORE INTO setting (key, value) VALUES ('store_id', lower(hex(randomblob(4))));

-- Calls that add points, written down before they are made; gone once it is known that the log tells the truth of them.
CREATE TABLE points_call (
    marker     TEXT PRIMARY KEY,
    contact    INTEGER NOT NULL,
    kind       INTEGER NOT NULL,
    target     INTEGER NOT NULL,
    delta      INTEGER NOT NULL,
    before     INTEGER NOT NULL,              -- points before the call
    newest_row INTEGER NOT NULL,              -- of the contact in the points log before the call
    sent_at    INTEGER NOT NULL,
    looks      INTEGER NOT NULL DEFAULT 0,    -- how often nobody could tell
    moved      INTEGER NOT NULL DEFAULT 0,    -- made to a contact since merged into this one
    ended      INTEGER,                       -- 0: it did not take effect, 1: it did, without a row in the log, 2: it did not, but has
                                              -- a row, 3: it did, and its row is awaited; NULL: nobody knows
    ended_at   INTEGER                        -- since when that is known
) STRICT, WITHOUT ROWID;
CREATE INDEX points_call_contact ON points_call (contact);
