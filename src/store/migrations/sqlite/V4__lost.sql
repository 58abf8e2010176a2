-- 1: nobody told that the contact vanished; a restored Mautic does not know it any more and may give
-- its id to somebody else, so no tombstone is left.
ALTER TABLE gone ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;
