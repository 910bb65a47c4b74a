-- missed: the machine was read in the cloud, and does not carry the address that this ledger has on it.
-- KEYS[1] root; ARGV 1 machine, 2 address id, 3 this ledger's time before the read (ms)
-- Output 1 when it is attached again (or, kept for nobody, undone), else 0
local machine, id, read_at = ARGV[1], ARGV[2], tonumber(ARGV[3])
local attachment = get('attachments', machine)
if not attachment or attachment.id ~= id or not is_relied(attachment) then return 0 end
if attachment.since > read_at - SETTLE_MS then return 0 end
if not is_noted() or read_at < emptied_at() then return 0 end
work_again(attachment, attachment.state == 'kept' and 'detaching' or 'attaching')
return 1
