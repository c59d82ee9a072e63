-- Airflow has these events. The first time stands.
update social_outbox
set announced_at = now()
where id = any(:event_ids) and announced_at is null
