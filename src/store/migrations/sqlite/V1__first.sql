-- Times are microseconds since 1970 in UTC. Urgency: 0 bulk, 1 fresh, 2 crossing.
-- Targets: kind 0 = point group, 1 = segment.

-- Hands out generations; one row.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter VALUES ('generation', 0);

CREATE TABLE delivery (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at INTEGER NOT NULL,
    size        INTEGER NOT NULL,             -- of the raw body, in bytes
    body        BLOB,                         -- zstd; NULL once forgotten
    decoded     INTEGER NOT NULL DEFAULT 0,
    batch       INTEGER,                      -- see mention
    owner       TEXT,
    lease_until INTEGER
) STRICT;
CREATE INDEX delivery_undecoded ON delivery (id) WHERE decoded = 0;
CREATE INDEX delivery_bodies ON delivery (received_at) WHERE decoded = 1 AND body IS NOT NULL;
CREATE INDEX delivery_batch ON delivery (batch) WHERE batch IS NOT NULL AND body IS NOT NULL;

-- Which contacts the deliveries of a batch speak of, so that erasing one finds its raw bodies.
CREATE TABLE mention (
    contact INTEGER NOT NULL,
    batch   INTEGER NOT NULL,
    PRIMARY KEY (contact, batch)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_batch ON mention (batch);

CREATE TABLE parked (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER REFERENCES delivery (id),
    kind     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    excerpt  TEXT NOT NULL,
    digest   BLOB NOT NULL,                   -- of kind and excerpt: the same item is parked once
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX parked_delivery ON parked (delivery, digest);

CREATE TABLE cursor (
    name     TEXT PRIMARY KEY,
    position TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE contact (
    id          INTEGER PRIMARY KEY,
    profile     TEXT,                         -- JSON
    points      INTEGER,                      -- Mautic's main points, as seen at points_at
    points_at   INTEGER,
    plan        TEXT,                         -- of the last score
    scored_at   INTEGER,
    scored_generation INTEGER NOT NULL DEFAULT 0,
    next_change INTEGER
) STRICT;
CREATE INDEX contact_next_change ON contact (next_change) WHERE next_change IS NOT NULL;

-- Merged-away ids; chains are kept flat: winner is never a loser.
CREATE TABLE alias (
    loser   INTEGER PRIMARY KEY,
    winner  INTEGER NOT NULL,
    told_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alias_winner ON alias (winner);

-- Merges as they were told, each at the earliest time told.
CREATE TABLE merge (
    loser  INTEGER NOT NULL,
    winner INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (loser, winner)
) STRICT, WITHOUT ROWID;

-- Erased contacts: nothing but the id is kept, so that late facts are dropped.
CREATE TABLE tombstone (
    contact INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT;

CREATE TABLE gone (
    contact    INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    not_before INTEGER NOT NULL DEFAULT 0     -- asked in vain: not to be asked again before
) STRICT;

-- Clustered by contact and time: reading a contact, or all of them in turn, is a scan.
CREATE TABLE activity (
    contact    INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    key        TEXT NOT NULL,
    kind       INTEGER NOT NULL,
    source     INTEGER NOT NULL,              -- 0 poll, 1 webhook: the best that told it
    object     INTEGER,
    url        TEXT,
    attributes TEXT,                          -- JSON; NULL when there are none
    done_by    INTEGER,                       -- the contact as told, where that was merged away
    PRIMARY KEY (contact, at, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX activity_key ON activity (key);

CREATE TABLE points_log (
    id          INTEGER PRIMARY KEY,
    contact     INTEGER NOT NULL,
    point_group INTEGER,
    delta       INTEGER NOT NULL,
    log_type    TEXT NOT NULL,
    event_name  TEXT NOT NULL,
    action_name TEXT NOT NULL,
    at          INTEGER NOT NULL,
    done_by     INTEGER                       -- whose it was when read, where that was merged away
) STRICT;
CREATE INDEX points_log_contact ON points_log (contact);

-- Points that a person gave, to a contact or to the members of a segment.
CREATE TABLE adjustment (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    contact    INTEGER,
    segment    INTEGER,
    topic      TEXT NOT NULL,
    points     INTEGER NOT NULL,
    author     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    expires_at INTEGER,
    CHECK ((contact IS NULL) <> (segment IS NULL))
) STRICT;
CREATE INDEX adjustment_contact ON adjustment (contact) WHERE contact IS NOT NULL;
CREATE INDEX adjustment_segment ON adjustment (segment) WHERE segment IS NOT NULL;

CREATE TABLE dirty (
    contact       INTEGER PRIMARY KEY,
    generation    INTEGER NOT NULL,
    since         INTEGER NOT NULL,
    urgency       INTEGER NOT NULL,
    claimed       INTEGER,                    -- generation that the holder of the lease works on
    since_claimed INTEGER,                    -- since, of what came after the claim
    owner         TEXT,
    lease_until   INTEGER
) STRICT;
CREATE INDEX dirty_order ON dirty (urgency DESC, since, contact);

CREATE TABLE score (
    contact INTEGER NOT NULL,
    topic   TEXT NOT NULL,
    score   INTEGER NOT NULL,
    raw     INTEGER NOT NULL,
    band    TEXT,
    PRIMARY KEY (contact, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE fired (
    contact    INTEGER NOT NULL,
    rule       TEXT NOT NULL,
    crossed_at INTEGER NOT NULL,              -- of the crossing it fired for last
    rearmed_at INTEGER,                       -- when it was first seen armed again
    PRIMARY KEY (contact, rule)
) STRICT, WITHOUT ROWID;

-- What triggers do. State: 0 pending, 1 started, 2 done, 3 failed, 4 unknown, 5 expired.
CREATE TABLE effect (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    contact     INTEGER NOT NULL,
    rule        TEXT NOT NULL,                -- the trigger
    crossed_at  INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,             -- place among the trigger's actions
    lane        TEXT NOT NULL,                -- who does it: waits only for its own kind
    action      TEXT NOT NULL,                -- JSON
    context     TEXT NOT NULL,                -- JSON: the trigger's name, reason, scores
    state       INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    not_before  INTEGER NOT NULL DEFAULT 0,
    fired_at    INTEGER NOT NULL,
    wanted_at   INTEGER NOT NULL,             -- fired_at, or when somebody had it tried again
    caused_at   INTEGER NOT NULL,
    urgency     INTEGER NOT NULL,
    started_at  INTEGER,
    mark        INTEGER,                      -- newest row of email_stats before it was started
    finished_at INTEGER,
    last_error  TEXT,
    answer      TEXT,
    UNIQUE (contact, rule, crossed_at, ordinal)
) STRICT;
CREATE INDEX effect_order ON effect (urgency DESC, id, contact, lane, not_before) WHERE state < 2;
CREATE INDEX effect_lane ON effect (contact, lane, id) WHERE state < 2;
CREATE INDEX effect_due ON effect (not_before) WHERE state < 2;
CREATE INDEX effect_given_up ON effect (state, id) WHERE state > 2;

-- A segment's row is also what is known of the contact's membership in it.
CREATE TABLE target (
    contact       INTEGER NOT NULL,
    kind          INTEGER NOT NULL,
    id            INTEGER NOT NULL,
    desired       INTEGER,
    observed      INTEGER,
    observed_at   INTEGER,
    looked        INTEGER NOT NULL,           -- 1: observed by a look or write of ours, 0: told by a fact
    suspect_at    INTEGER,                    -- somebody may have changed it before this moment
    pending       INTEGER NOT NULL,
    parked        INTEGER NOT NULL,
    generation    INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    caused_at     INTEGER NOT NULL,
    desired_since INTEGER NOT NULL,           -- cause of the present desired value
    urgency       INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    not_before    INTEGER NOT NULL,
    last_error    TEXT,
    PRIMARY KEY (contact, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX target_order ON target (urgency DESC, caused_at, contact, not_before)
    WHERE pending = 1 AND parked = 0;
CREATE INDEX target_due ON target (not_before, contact) WHERE pending = 1 AND parked = 0;
CREATE INDEX target_parked ON target (contact) WHERE pending = 1 AND parked = 1;

-- One writer per contact: of its targets and of its effects.
CREATE TABLE intent_lease (
    contact INTEGER PRIMARY KEY,
    owner   TEXT NOT NULL,
    since   INTEGER NOT NULL,                 -- what the holder sees is not older than this
    until   INTEGER NOT NULL
) STRICT;

CREATE TABLE write_log (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    contact   INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    target    INTEGER NOT NULL,
    desired   INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    caused_at INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    request   TEXT NOT NULL,
    status    INTEGER,
    answer    TEXT NOT NULL,
    took_ms   INTEGER NOT NULL,
    delay_ms  INTEGER                         -- from cause to success; NULL when it did not succeed
) STRICT;
CREATE INDEX write_log_contact ON write_log (contact, id);
CREATE INDEX write_log_delay ON write_log (id) WHERE delay_ms IS NOT NULL;

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest row is the plan in force.
CREATE TABLE plan (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    version      TEXT NOT NULL,
    text         TEXT NOT NULL,
    activated_at INTEGER NOT NULL
) STRICT;

-- Written and taken back by the readiness probe.
CREATE TABLE probe (
    id INTEGER PRIMARY KEY
) STRICT;
