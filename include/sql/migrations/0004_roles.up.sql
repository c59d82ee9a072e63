-- Three roles, none of which can log in. Grant one to each login: the backoffice's, Airflow's, a report's. A server
-- has one set of roles for all its databases, so a role that exists already is used as it is.
do $$
declare
    wanted text;
begin
    foreach wanted in array array['socialpub_backoffice', 'socialpub_worker', 'socialpub_readonly'] loop
        if not exists (select 1 from pg_roles where rolname = wanted) then
            begin
                execute format('create role %I nologin', wanted);
            exception when duplicate_object or unique_violation then
                null; -- Another database of this server is being migrated at this moment and was first.
            end;
        end if;
    end loop;
end
$$;

-- The backoffice: drafts and schedules, never tokens, never an outcome.
grant select on larps, social_drafts, social_draft_assets, social_draft_approvals, social_scheduled_posts,
    social_publish_attempts, social_audit_log to socialpub_backoffice;
grant insert, update on larps to socialpub_backoffice;
grant insert (id, larp_id, title, body, link, status, created_by, updated_by, created_at, updated_at),
    update (title, body, link, status, updated_by, updated_at) on social_drafts to socialpub_backoffice;
grant insert (id, draft_id, position, type, storage_path, public_url, size_bytes, checksum_sha256, mime_type, alt_text),
    update (position, storage_path, public_url, size_bytes, checksum_sha256, mime_type, alt_text),
    delete on social_draft_assets to socialpub_backoffice;
grant insert on social_draft_approvals to socialpub_backoffice;
grant insert (id, draft_id, connection_id, publish_at, delivery, lateness_rule, late_by_minutes, created_by),
    update (publish_at, status, status_reason, lateness_rule, late_by_minutes)
    on social_scheduled_posts to socialpub_backoffice;

-- The publisher: moves posts, reads tokens; what a person planned (publish_at) and wrote is not its to change.
grant select on larps, facebook_page_connections, social_drafts, social_draft_assets, social_draft_approvals,
    social_scheduled_posts, social_publish_attempts, social_audit_log, social_outbox, social_webhook_events
    to socialpub_worker;
grant update (access_token, user_access_token, token_expires_at, data_access_expires_at, token_status,
    token_status_reason, checked_at, scopes, granted_by, page_name, paused_at, paused_by, pause_reason,
    rate_limited_until, disconnected_at) on facebook_page_connections to socialpub_worker;
grant insert (id, draft_id, connection_id, publish_at, created_by),
    update (status, status_reason, next_attempt_at, requested_now_at, requested_now_by, requested_now_reason, queued_at,
        claimed_by, lease_expires_at, published_at, facebook_post_id, permalink_url, delivery)
    on social_scheduled_posts to socialpub_worker;
grant insert, update on social_publish_attempts to socialpub_worker;
grant update (upload_state, upload_session_id, upload_start_offset, upload_end_offset, facebook_media_id, uploaded_at)
    on social_draft_assets to socialpub_worker;
grant update on social_outbox to socialpub_worker;
grant insert, update on social_webhook_events to socialpub_worker;

-- Reports: everything but tokens.
grant select on larps, social_drafts, social_draft_assets, social_draft_approvals, social_scheduled_posts,
    social_publish_attempts, social_audit_log, social_outbox to socialpub_readonly;
grant select (id, larp_id, page_id, page_name, token_expires_at, data_access_expires_at, token_status,
    token_status_reason, checked_at, scopes, granted_by, paused_at, paused_by, pause_reason, rate_limited_until,
    lateness_rule, late_by_minutes, disconnected_at, created_at, updated_at)
    on facebook_page_connections to socialpub_readonly, socialpub_backoffice;
