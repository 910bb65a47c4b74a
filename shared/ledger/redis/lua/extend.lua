-- extend: the actor still works.
-- KEYS[1] root; ARGV 1 machine, 2 fence
-- Output 1 | 0 when another attempt has taken over, or another Redis serves: the fence may be one that came back
local attachment = get('attachments', ARGV[1])
if not attachment or attachment.fence ~= ARGV[2] or not is_noted() then return 0 end
attachment.deadline = now + WORK_MS
put_attachment(attachment)
return 1
