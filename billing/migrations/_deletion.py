"""What the database does to rows of billing when a user's row is deleted. Django itself would see to it, but only in the
cloud: self-hosted the app is not installed, its tables may still be there, and accounts are deleted all the same."""

FOLLOW_USERS = """
DO $$
DECLARE found record;
BEGIN
  FOR found IN
    SELECT conrelid::regclass AS place, conname, attname, attnotnull
    FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE contype = 'f' AND confrelid = 'users'::regclass
      AND (conrelid::regclass::text LIKE 'billing\\_%' OR conrelid::regclass::text LIKE 'djstripe\\_%')
  LOOP
    EXECUTE format(
      'ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES users (id)'
      ' ON DELETE %s DEFERRABLE INITIALLY DEFERRED',
      found.place, found.conname, found.conname, found.attname,
      CASE WHEN found.attnotnull THEN 'CASCADE' ELSE 'SET NULL' END
    );
  END LOOP;
END $$
"""
