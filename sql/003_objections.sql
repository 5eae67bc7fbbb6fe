-- «Это был не я»: what a person may take back, and which number an app has to prove.

-- subject: what the event is about (a device); object_until: how long those who were there before
-- may object.
ALTER TABLE event
    ADD COLUMN subject uuid,
    ADD COLUMN object_until timestamptz,
    ADD COLUMN objected_at timestamptz,
    ADD CHECK (objected_at IS NULL OR object_until IS NOT NULL);

-- phone: the number to prove, where it is not the account's own. locale: of the SMS. trusted: the
-- current password was given, or a live session; then an older app has nothing to object to.
ALTER TABLE activation
    ADD COLUMN phone bytea,
    ADD COLUMN phone_key integer GENERATED ALWAYS AS (sealed_key(phone)) STORED,
    ADD COLUMN locale text NOT NULL DEFAULT 'ru' CHECK (locale IN ('kk', 'ru', 'en')),
    ADD COLUMN trusted boolean NOT NULL DEFAULT false;
