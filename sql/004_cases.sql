-- Changes that wait, so that somebody may object, and what operators decide.

-- After «это был не я» recovery works through this app alone, until operators have decided.
ALTER TABLE account ADD COLUMN only_device uuid;

-- Somebody says that it was moved wrongly: nobody acts for the child until operators have decided.
ALTER TABLE guardianship ADD COLUMN frozen_at timestamptz;

-- One queue for all that people decide. kind guardianship: the child moves to the applicant; number:
-- the applicant's own account gets number and password; objection: a change that was made is
-- disputed. holder: whose objection counts. former: of an objection, what is put back. told: notices
-- so far. next_at: when the gateway looks again; it is moved on while somebody works at the row.
CREATE TABLE moderation (
    id            uuid PRIMARY KEY,
    kind          text NOT NULL CHECK (kind IN ('guardianship', 'number', 'objection')),
    state         text NOT NULL
                  CHECK (state IN ('held', 'open', 'approved', 'done', 'rejected', 'refused')),
    applicant     uuid NOT NULL,
    applicant_iin bytea NOT NULL,
    iin_key       integer GENERATED ALWAYS AS (sealed_key(applicant_iin)) STORED,
    holder        uuid,
    child         uuid REFERENCES child,
    device        uuid,
    phone         bytea,
    phone_key     integer GENERATED ALWAYS AS (sealed_key(phone)) STORED,
    hash          bytea,
    hash_key      integer GENERATED ALWAYS AS (sealed_key(hash)) STORED,
    opened_by     text NOT NULL,
    created_at    timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    next_at       timestamptz NOT NULL,
    told          integer NOT NULL,
    objected_at   timestamptz,
    first_by      text,
    first_approve boolean,
    first_at      timestamptz,
    decided_by    text,
    decided_at    timestamptz,
    mac           bytea NOT NULL CHECK (length(mac) = 32),
    mac_key       integer NOT NULL,
    CHECK ((first_by IS NULL) = (first_at IS NULL)),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
);
-- An objection makes one case per applicant and child.
CREATE UNIQUE INDEX moderation_one ON moderation (applicant, child)
    WHERE kind = 'guardianship' AND state IN ('held', 'open', 'approved');
CREATE UNIQUE INDEX moderation_number ON moderation (applicant)
    WHERE kind = 'number' AND state IN ('held', 'open', 'approved');
CREATE UNIQUE INDEX moderation_objection ON moderation (applicant, coalesce(child, applicant))
    WHERE kind = 'objection' AND state = 'open';
CREATE INDEX moderation_due ON moderation (next_at) WHERE state IN ('held', 'approved');
CREATE INDEX moderation_open ON moderation (created_at) WHERE state IN ('held', 'open', 'approved');
CREATE INDEX moderation_objector ON moderation (holder, decided_at)
    WHERE objected_at IS NOT NULL AND decided_at IS NOT NULL;
