-- Uploads that were whole long ago. The row goes; its file goes with it unless a draft shows it. Whoever takes an upload
-- up touches its row first, so that it is not old, or locked.
delete from social_uploads as upload
where upload.id in (
    select id from social_uploads
    where checksum_sha256 is not null and updated_at < now() - :finished_kept
    order by updated_at limit 100 for update skip locked
)
returning
    upload.storage_path,
    exists(select 1 from social_draft_assets as asset where asset.storage_path = upload.storage_path)
    or exists(select 1 from social_draft_assets as asset where asset.thumbnail_path = upload.storage_path) as is_shown
