-- The tables, their constraints and indexes. What must never happen is a constraint here; what must always be written
-- is a trigger (0002, 0003); who may do what is a grant (0004). Works on PostgreSQL 14 and newer.

-- The backoffice owns larps. Where it already has the table (id uuid, title text, time_zone text), we take it as it is.
do $$
begin
    if to_regclass('larps') is null then
        create table larps (
            id uuid primary key default gen_random_uuid(),
            title text not null,
            time_zone text not null default 'UTC',
            constraint time_zone_is_known check ((now() at time zone time_zone) is not null)
        );
        comment on table larps is 'made by socialpub; the backoffice may replace it';
    end if;
end
$$;

create table facebook_page_connections (
    id uuid primary key default gen_random_uuid(),
    larp_id uuid not null references larps (id),
    page_id text not null,
    page_name text not null,
    access_token text,
    user_access_token text,
    token_expires_at timestamptz,
    data_access_expires_at timestamptz,
    token_status text not null default 'unchecked',
    token_status_reason text,
    checked_at timestamptz,
    scopes text [] not null default '{}',
    granted_by text,
    paused_at timestamptz,
    paused_by text,
    pause_reason text,
    rate_limited_until timestamptz,
    lateness_rule text not null default 'within',
    late_by_minutes integer not null default 360,
    disconnected_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint one_connection_per_larp unique (larp_id),
    constraint one_connection_per_page unique (page_id),
    constraint page_id_is_a_number check (page_id ~ '^[0-9]{1,40}$'),
    -- A plain token is refused: only what EncryptedString writes has this form (key id, then the Fernet token).
    constraint tokens_are_encrypted check (
        coalesce(access_token, 'fernet:') ~ '^fernet:' and coalesce(user_access_token, 'fernet:') ~ '^fernet:'
    ),
    constraint token_status_is_known check (token_status in ('unchecked', 'valid', 'expiring', 'lost')),
    constraint paused_means_somebody_said_why check (
        (paused_at is null) = (pause_reason is null) and (paused_at is null) = (paused_by is null)
    ),
    constraint lateness_rule_is_known check (lateness_rule in ('within', 'always', 'never')),
    constraint late_by_minutes_is_positive check (late_by_minutes > 0)
);

create table social_drafts (
    id uuid primary key default gen_random_uuid(),
    larp_id uuid not null references larps (id),
    title text not null,
    body text not null default '',
    link text,
    status text not null default 'draft',
    scheduled_at timestamptz,
    content_hash text not null default '',
    created_by text not null default '',
    updated_by text not null default '',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint draft_status_is_known check (
        status in ('draft', 'pending_approval', 'approved', 'scheduled', 'published', 'failed', 'canceled')
    ),
    constraint title_is_not_blank check (btrim(title) != '' and char_length(title) <= 255),
    constraint body_has_at_most_63000_characters check (char_length(body) <= 63000),
    constraint link_is_a_web_address check (link ~* '^https?://[^/[:space:][:cntrl:]]+[^[:space:][:cntrl:]]*$'),
    constraint link_has_at_most_2048_characters check (char_length(link) <= 2048)
);
-- The backoffice's dashboard filters by these two.
create index social_drafts_by_larp_and_status on social_drafts (larp_id, status);

create table social_draft_assets (
    id uuid primary key default gen_random_uuid(),
    draft_id uuid not null references social_drafts (id),
    position smallint not null default 1,
    type text not null,
    storage_path text not null,
    public_url text,
    size_bytes bigint,
    checksum_sha256 text,
    mime_type text,
    alt_text text,
    upload_state text not null default 'not_uploaded',
    upload_session_id text,
    upload_start_offset bigint,
    upload_end_offset bigint,
    facebook_media_id text,
    uploaded_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint one_asset_per_position unique (draft_id, position),
    constraint asset_type_is_known check (type in ('photo', 'video')),
    constraint upload_state_is_known check (upload_state in ('not_uploaded', 'uploading', 'uploaded', 'failed')),
    constraint asset_position_is_positive check (position > 0),
    constraint asset_size_is_positive check (size_bytes > 0),
    constraint checksum_is_sha256 check (checksum_sha256 ~ '^[0-9a-f]{64}$')
);

create table social_draft_approvals (
    id uuid primary key default gen_random_uuid(),
    draft_id uuid not null references social_drafts (id),
    approver text not null,
    decision text not null,
    comment text,
    content_hash text not null default '',
    decided_at timestamptz not null default now(),
    constraint decision_is_known check (decision in ('approved', 'rejected')),
    constraint approver_is_not_blank check (btrim(approver) != '')
);
create index social_draft_approvals_by_draft on social_draft_approvals (draft_id, content_hash);

create table social_scheduled_posts (
    id uuid primary key default gen_random_uuid(),
    draft_id uuid not null references social_drafts (id),
    connection_id uuid not null references facebook_page_connections (id),
    publish_at timestamptz not null,
    status text not null default 'pending',
    status_reason text,
    content_hash text not null default '',
    next_attempt_at timestamptz,
    -- When the post wants to go out next: what a person planned, until a retry or "publish now" says otherwise.
    due_at timestamptz not null generated always as (coalesce(next_attempt_at, publish_at)) stored,
    requested_now_at timestamptz,
    requested_now_by text,
    requested_now_reason text,
    queued_at timestamptz,
    claimed_by text,
    lease_expires_at timestamptz,
    published_at timestamptz,
    facebook_post_id text,
    permalink_url text,
    delivery text not null default 'direct',
    lateness_rule text,
    late_by_minutes integer,
    created_by text not null default '',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint post_status_is_known check (
        status in ('pending', 'queued', 'publishing', 'unconfirmed', 'handed_over', 'published', 'failed', 'canceled',
            'missed')
    ),
    constraint publish_at_is_a_real_instant check (isfinite(publish_at)),
    constraint published_means_we_know_the_post check (
        (status = 'published') = (published_at is not null) and (status != 'published' or facebook_post_id is not null)
    ),
    constraint only_a_delivered_post_has_an_id check (
        facebook_post_id is null or status in ('published', 'handed_over')
    ),
    constraint one_row_per_facebook_post unique (facebook_post_id),
    constraint owned_means_leased check (
        (status in ('queued', 'publishing')) = (lease_expires_at is not null and claimed_by is not null)
    ),
    constraint trouble_has_a_reason check (
        status not in ('unconfirmed', 'failed', 'canceled', 'missed') or btrim(coalesce(status_reason, '')) != ''
    ),
    constraint publish_now_has_an_actor_and_a_reason check (
        requested_now_at is null
        or (btrim(coalesce(requested_now_by, '')) != '' and btrim(coalesce(requested_now_reason, '')) != '')
    ),
    constraint delivery_is_known check (delivery in ('direct', 'native')),
    constraint post_lateness_rule_is_known check (lateness_rule in ('within', 'always', 'never')),
    constraint post_late_by_minutes_is_positive check (late_by_minutes > 0)
);
-- A draft goes out once: a second live or published schedule of the same draft is refused.
create unique index one_live_schedule_per_draft on social_scheduled_posts (draft_id)
where status not in ('failed', 'canceled', 'missed');
create index social_scheduled_posts_by_draft on social_scheduled_posts (draft_id);
create index social_scheduled_posts_by_publish_at on social_scheduled_posts (publish_at);
-- The scan reads only these, however many million rows history holds.
create index social_scheduled_posts_due on social_scheduled_posts (due_at) where status = 'pending';
create index social_scheduled_posts_leased on social_scheduled_posts (lease_expires_at)
where status in ('queued', 'publishing');
create index social_scheduled_posts_unconfirmed on social_scheduled_posts (due_at) where status = 'unconfirmed';
-- Posts of one Page keep their order: the fence looks here for an earlier one that is still on its way.
create index social_scheduled_posts_on_their_way on social_scheduled_posts (connection_id, publish_at)
where status in ('queued', 'publishing');

create table social_publish_attempts (
    id uuid primary key default gen_random_uuid(),
    scheduled_post_id uuid not null references social_scheduled_posts (id),
    attempt_number integer not null,
    dag_id text not null,
    run_id text not null,
    started_at timestamptz not null default now(),
    sent_at timestamptz,
    finished_at timestamptz,
    outcome text,
    http_status integer,
    error_class text,
    error_code integer,
    error_subcode integer,
    fbtrace_id text,
    error_message text,
    response_payload jsonb,
    constraint attempts_are_numbered_from_one check (attempt_number > 0),
    constraint one_attempt_per_number unique (scheduled_post_id, attempt_number),
    constraint finished_means_we_know_how check ((finished_at is null) = (outcome is null)),
    constraint attempt_outcome_is_known check (
        outcome in ('published', 'retry', 'rate_limited', 'failed', 'unconfirmed', 'absent', 'released', 'canceled')
    )
);
create unique index one_open_attempt_per_post on social_publish_attempts (scheduled_post_id) where finished_at is null;

create table social_audit_log (
    id bigint generated always as identity primary key,
    occurred_at timestamptz not null default clock_timestamp(),
    actor text not null,
    action text not null,
    larp_id uuid,
    entity_id uuid not null,
    payload jsonb not null
);
create index social_audit_log_by_entity on social_audit_log (entity_id, id);

create table social_outbox (
    id bigint generated always as identity primary key,
    event text not null,
    dedupe_key text not null,
    larp_id uuid,
    draft_id uuid,
    scheduled_post_id uuid,
    connection_id uuid,
    payload jsonb not null default '{}',
    created_at timestamptz not null default now(),
    next_attempt_at timestamptz not null default now(),
    attempts integer not null default 0,
    last_error text,
    delivered_at timestamptz,
    dead_at timestamptz,
    constraint one_event_per_change unique (dedupe_key)
);
create index social_outbox_waiting on social_outbox (next_attempt_at) where delivered_at is null and dead_at is null;

create table social_webhook_events (
    id bigint generated always as identity primary key,
    dedupe_key text not null,
    page_id text not null,
    facebook_post_id text,
    payload jsonb not null,
    received_at timestamptz not null default now(),
    processed_at timestamptz,
    constraint one_row_per_webhook_event unique (dedupe_key)
);
create index social_webhook_events_waiting on social_webhook_events (id) where processed_at is null;
