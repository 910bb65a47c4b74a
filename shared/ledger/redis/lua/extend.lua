-- extend: the actor still works.
-- KEYS[1] root; ARGV 1 machine, 2 fence
-- Output 1 | 0 when another attempt has taken over
local attachment = get('attachments', ARGV[1])
if not attachment or attachment.fence ~= ARGV[2] then return 0 end
attachment.deadline = now + WORK_MS
put_attachment(attachment)
return 1
