------------------------------- MODULE Egress -------------------------------
(* Who may attach and detach an address, and when: ledger, actors, cloud, pods, controller. See README.md.            *)
EXTENDS Naturals, FiniteSets, TLC

CONSTANTS
  Addresses,     \* of the one pool
  Foreign,       \* a reserved address of somebody else
  ForeignOn,     \* the node that carries it, 0 for none
  None,
  NodeCount, PodCount,
  Together,      \* pods 1 and 2 share node 1; else they are dealt out
  Direct,        \* sidecars do cloud work, too; else the controller alone
  Linger,        \* 0 or 1 tick
  Others,        \* another cluster may take an address that is free
  Faults,        \* how often an actor stands still or dies, an answer or a call is lost, a pod is killed or cut off
  Starts,        \* how often a pod is started
  Reads,         \* how often the inventory is read
  Stale,         \* whether reads may show old state for a while
  Losses,        \* how often the ledger is flushed,
  Snapshots,     \* or goes back to an older state
  Terms,         \* how many leaders there are, one after the other
  Without        \* the guard that is taken out, or ""

G(guard) == guard # Without
Nodes == 1..NodeCount
Pods == 1..PodCount
NodeOf(p) == IF Together THEN (IF p <= 2 THEN 1 ELSE 2) ELSE 1 + ((p - 1) % NodeCount)
All == Addresses \cup {Foreign}

(* Time is in ticks: only the order of the bounds counts. *)
Right == 1                                                  \* workMs: by an actor's own clock
Flight == 2                                                 \* doubtMs: a call takes effect within this, or never
Settle == IF Reads > 0 THEN 1 ELSE 0                                              \* inventorySettleMs: longer than a read may show old state
Doubt == Right + Flight + 1                                 \* two lease lives, which is longer than both together

VARIABLES
  led,           \* the ledger
  snap,          \* an older state of it, to which a failover or a restore goes back
  on, asc, old,  \* the cloud: address -> node or 0; number of that association; what reads may still show
  calls,         \* on their way to the cloud
  jobs,          \* what actors have in hand
  pod, cut,      \* pods; those that do not reach the ledger
  inv, gone,     \* leader -> the inventory that it has read; leaders that have a node's removal in hand
  term, reign,   \* the newest leader, and the newest that has beaten
  left,          \* how much of each fault is left
  wrong          \* what went wrong, as seen from the outside

vars == <<led, snap, on, asc, old, calls, jobs, pod, cut, inv, gone, term, reign, left, wrong>>
cloud == <<on, asc, old, calls>>

NoAttachment == [st |-> "none", a |-> None, fence |-> 0, begun |-> FALSE, right |-> 0, unsure |-> 0, linger |-> 0]
NoInventory == [rows |-> <<>>, recent |-> {}, epoch |-> 0, late |-> TRUE]
Off == [st |-> "off", a |-> None]
EmptyLedger(epoch, beaten) ==
  [epoch |-> epoch, term |-> beaten, server |-> "noted", doubt |-> 0, read |-> FALSE, sound |-> FALSE, restored |-> FALSE,
   att |-> [n \in Nodes |-> NoAttachment], lease |-> {}, addr |-> [a \in Addresses |-> [st |-> "unknown", age |-> 0]]]

Init ==
  /\ led = [EmptyLedger(1, 1) EXCEPT !.read = TRUE, !.sound = TRUE, !.restored = TRUE,
                                     !.addr = [a \in Addresses |-> [st |-> "free", age |-> 0]]]
  /\ snap = None
  /\ on = [a \in All |-> IF a = Foreign THEN ForeignOn ELSE 0]
  /\ asc = [a \in All |-> 0]
  /\ old = [a \in All |-> {}]
  /\ calls = {} /\ jobs = {}
  /\ pod = [p \in Pods |-> Off] /\ cut = {}
  /\ inv = [t \in 1..Terms |-> NoInventory] /\ gone = {}
  /\ term = 1 /\ reign = 1
  /\ left = [faults |-> Faults, starts |-> Starts, reads |-> Reads, losses |-> Losses]
  /\ wrong = {}

-----------------------------------------------------------------------------
(* The ledger's rules: pure functions of a ledger L, as in shared/ledger/redis/lua.                                   *)

LeasesOn(L, n) == {p \in L.lease : NodeOf(p) = n}
Idle(L, n) == LeasesOn(L, n) = {}
Minus(x, y) == IF x > y THEN x - y ELSE 0
Max(x, y) == IF x > y THEN x ELSE y

Mark(L, a, st) == [L EXCEPT !.addr[a] = [st |-> st, age |-> Settle]]
Drop(L, n) == Mark([L EXCEPT !.att[n] = NoAttachment], L.att[n].a, "free")

(* A lease ends: a reserved address that nobody has worked on is given back, an attached one lingers. *)
EndLease(L, p) ==
  LET n == NodeOf(p)
      M == [L EXCEPT !.lease = @ \ {p}]
      t == M.att[n]
  IN  IF p \notin L.lease \/ ~Idle(M, n) THEN M
      ELSE IF t.st = "attaching" /\ ~t.begun THEN Drop(M, n)
      ELSE IF t.st = "attached" THEN [M EXCEPT !.att[n].linger = Linger]
      ELSE M

(* Fences grow, so that none comes twice. Only that counts, and saves states: the first one that nobody has. A ledger that
   began anew counts from the start; then the epoch makes the difference. *)
Unused(taken) == CHOOSE i \in 1..Cardinality(taken) + 1 : i \notin taken /\ \A k \in 1..i - 1 : k \in taken
NewFence(L) == Unused({L.att[n].fence : n \in Nodes} \cup
  IF L.epoch = 1 \/ G("epoch in fence") THEN {j.fence : j \in jobs} \cup {c.fence : c \in calls} ELSE {})

(* `right` runs until the actor's right to work has ended (<= Flight) and what it asked for last has come true or never
   will (0). A new attempt remembers that as `unsure`. *)
Begun(L, n, st) ==
  [L EXCEPT !.att[n] = [@ EXCEPT !.st = st, !.begun = TRUE, !.linger = 0, !.right = Right + Flight,
                                 !.unsure = Max(@, L.att[n].right), !.fence = NewFence(L)]]

Job(L, n, kind) == [n |-> n, a |-> L.att[n].a, kind |-> kind, fence |-> L.att[n].fence, mine |-> Right,
                    ph |-> "begun", asc |-> 0]
Holds(L, j) == /\ L.att[j.n].st \in {"attaching", "detaching"}
               /\ G("fence") => L.att[j.n].fence = j.fence

Trusted(L) == L.server = "noted" \/ ~G("run id")
(* Actors of the epoch before may be at work, or what they asked for may come true. *)
OldActors(L) == G("old actors") /\ L.doubt > 1
MayDetach(L) == /\ G("doubt hold") => L.doubt = 0
                /\ G("inventory before detach") => L.read
                /\ G("restored before detach") => L.restored

(* What `begin` hands out for a node, "" for nothing. *)
DueOn(L, n) ==
  LET t == L.att[n]
      lapsed == t.right <= Flight \/ ~G("deadline")
      free == Idle(L, n) \/ ~G("no detach with leases")
  IN  IF ~Trusted(L) \/ OldActors(L) THEN ""
      ELSE IF t.st = "attaching" /\ lapsed /\ ~Idle(L, n) THEN "attach"
      ELSE IF t.st = "attaching" /\ lapsed /\ free /\ MayDetach(L) /\ (t.right = 0 \/ ~G("undo")) THEN "detach"
      ELSE IF t.st = "attached" /\ free /\ t.linger = 0 /\ MayDetach(L) /\ (t.unsure = 0 \/ ~G("unsure")) THEN "detach"
      ELSE IF t.st = "detaching" /\ lapsed THEN "detach"
      ELSE ""
StateOf(kind) == IF kind = "attach" THEN "attaching" ELSE "detaching"

Settled(L, j, outcome) ==
  LET n == j.n
      t == L.att[n]
      M == [L EXCEPT !.att[n].right = 0]
  IN  CASE outcome = "attached" ->
             Mark([M EXCEPT !.att[n].st = "attached", !.att[n].linger = IF Idle(L, n) THEN Linger ELSE 0], t.a, "used")
        [] outcome = "detached" -> Drop(M, n)
        [] outcome \in {"taken", "failed"} /\ t.st = "attaching" /\ (t.unsure = 0 \/ ~G("failed while unsure")) ->
             LET back == [Drop(M, n) EXCEPT !.lease = @ \ LeasesOn(L, n)]
             IN  IF outcome = "taken" THEN Mark(back, t.a, "taken") ELSE back
        [] OTHER -> [L EXCEPT !.att[n].right = Flight] \* to be tried again

(* Every address as it was read; what the ledger has changed since shortly before the read stays as it is. *)
Inventory(L, i) ==
  LET recent(a) == G("recent") /\ a \in i.recent /\ L.addr[a].st # "unknown"
      unneeded == {n \in Nodes : /\ L.att[n].st = "attached" /\ Idle(L, n)
                                 /\ i.rows[L.att[n].a] # n /\ ~recent(L.att[n].a)}
      holder(a) == {n \in Nodes : L.att[n].a = a} \ unneeded
      adopted == {a \in Addresses : /\ G("adoption") /\ holder(a) = {} /\ ~recent(a) /\ i.rows[a] \in Nodes
                                    /\ L.att[i.rows[a]].st = "none"}
      lost == {n \in Nodes : /\ L.att[n].st = "attached" /\ ~Idle(L, n)
                             /\ i.rows[L.att[n].a] # n /\ ~recent(L.att[n].a)}
      row(a) == IF holder(a) # {} \/ a \in adopted THEN "used"
                ELSE IF recent(a) THEN L.addr[a].st
                ELSE IF i.rows[a] = 0 THEN "free" ELSE "taken"
      att(n) == IF \E a \in adopted : i.rows[a] = n
                THEN [NoAttachment EXCEPT !.st = "attached", !.begun = TRUE, !.linger = 1, !.fence = NewFence(L),
                                          !.a = CHOOSE a \in adopted : i.rows[a] = n]
                ELSE IF n \in unneeded THEN NoAttachment
                ELSE IF n \in lost THEN [L.att[n] EXCEPT !.st = "attaching", !.right = Flight]
                ELSE L.att[n]
  IN  [L EXCEPT !.read = TRUE, !.sound = @ \/ i.late, !.att = [n \in Nodes |-> att(n)],
                !.addr = [a \in Addresses |-> IF row(a) = L.addr[a].st THEN L.addr[a] ELSE [st |-> row(a), age |-> IF G("as of the read") THEN 0 ELSE Settle]]]

(* Inventories that were read before these addresses changed in the ledger know it. *)
Noted(before, after) ==
  LET changed == {a \in Addresses : after.addr[a] # before.addr[a] /\ after.addr[a].age = Settle}
  IN  [t \in 1..Terms |-> IF inv[t] = NoInventory THEN NoInventory ELSE [inv[t] EXCEPT !.recent = @ \cup changed]]

(* Actors that can do nothing any more, whatever they try, are forgotten. *)
Useful(L, js) == IF snap # None \/ ~G("fence") THEN js
  ELSE {j \in js : L.att[j.n].fence = j.fence \/ (j.ph = "go" /\ (j.mine > 0 \/ ~G("own clock")))}
Write(L, js) == led' = L /\ inv' = Noted(led, L) /\ jobs' = Useful(L, js)

-----------------------------------------------------------------------------
(* Faults come out of a budget; an actor is paused or dead when it takes no step. *)
Fault == left.faults > 0 /\ left' = [left EXCEPT !.faults = @ - 1]
FaultIf(condition) == IF condition THEN Fault ELSE UNCHANGED left

(* Pods and their sidecars. *)
Start(p) ==
  /\ pod[p].st = "off" /\ left.starts > 0 /\ p \notin led.lease
  /\ reign \notin gone \* before, the ledger's row is of the node that was
  /\ pod' = [pod EXCEPT ![p].st = "waiting"] /\ left' = [left EXCEPT !.starts = @ - 1]
  /\ UNCHANGED <<led, snap, cloud, jobs, cut, inv, gone, term, reign, wrong>>

Told(p, a) ==
  /\ pod' = [pod EXCEPT ![p] = [st |-> "running", a |-> a]]
  /\ wrong' = IF on[a] = NodeOf(p) \/ pod[p].st = "running" THEN wrong ELSE wrong \cup {"unconfirmed"}

Acquire(p) ==
  LET n == NodeOf(p)
      t == led.att[n]
      L == [led EXCEPT !.lease = @ \cup {p}, !.att[n].linger = 0]
      works(M, takeover) == IF Direct /\ ~OldActors(led)
                            THEN LET B == Begun(M, n, "attaching") IN
                                 Write(B, jobs \cup {Job(B, n, "attach")}) /\ FaultIf(takeover)
                            ELSE Write(M, jobs) /\ UNCHANGED left
  IN  /\ p \notin cut /\ Trusted(led) /\ (G("old actors") => led.sound)
      /\ pod[p].st = "waiting" \/ (pod[p].st = "running" /\ p \notin led.lease)
      /\ \/ /\ t.st = "attached" /\ Write(L, jobs) /\ Told(p, t.a) /\ UNCHANGED left
         \/ /\ t.st = "attaching" /\ (p \notin led.lease \/ (Direct /\ t.right <= Flight /\ ~OldActors(led)))
            /\ IF t.right <= Flight THEN works(L, t.begun) ELSE Write(L, jobs) /\ UNCHANGED left
            /\ UNCHANGED <<pod, wrong>>
         \/ /\ t.st = "none"
            /\ \E a \in Addresses : /\ led.addr[a].st = "free"
                                    /\ works(Mark([L EXCEPT !.att[n] = [NoAttachment EXCEPT !.st = "attaching", !.a = a]], a, "used"), FALSE)
            /\ UNCHANGED <<pod, wrong>>
      /\ UNCHANGED <<snap, cloud, cut, gone, term, reign>>

(* preStop: the lease still counts. SIGTERM comes when the app has ended. *)
Drain(p) ==
  /\ pod[p].st = "running" /\ pod' = [pod EXCEPT ![p].st = "draining"]
  /\ IF G("drain") \/ p \in cut THEN UNCHANGED <<led, jobs, inv>> ELSE Write(EndLease(led, p), jobs)
  /\ UNCHANGED <<snap, cloud, cut, gone, term, reign, left, wrong>>
(* With a linger of 0 the sidecar that gives the last lease back becomes the actor of the detach. *)
Release(p) ==
  LET n == NodeOf(p)
      L == EndLease(led, p)
      works == Direct /\ led.att[n].st = "attached" /\ p \in led.lease /\ DueOn(L, n) = "detach"
      B == Begun(L, n, "detaching")
  IN  /\ pod[p].st = "draining" /\ pod' = [pod EXCEPT ![p] = Off] /\ cut' = cut \ {p}
      /\ IF p \in cut THEN UNCHANGED <<led, jobs, inv>>
         ELSE IF works THEN Write(B, jobs \cup {Job(B, n, "detach")})
         ELSE Write(L, jobs)
      /\ UNCHANGED <<snap, cloud, gone, term, reign, left, wrong>>

Kill(p) ==
  /\ pod[p].st # "off" /\ Fault /\ pod' = [pod EXCEPT ![p] = Off] /\ cut' = cut \ {p}
  /\ UNCHANGED <<led, snap, cloud, jobs, inv, gone, term, reign, wrong>>
CutOff(p) ==
  /\ pod[p].st = "running" /\ p \notin cut /\ Fault /\ cut' = cut \cup {p}
  /\ UNCHANGED <<led, snap, cloud, jobs, pod, inv, gone, term, reign, wrong>>

-----------------------------------------------------------------------------
(* Actors: each reads the cloud, then changes it. *)
Views == {v \in [All -> 0..NodeCount + 1] : \A a \in All : v[a] \in {on[a]} \cup old[a]}

(* Takes the job up: the right is extended, then the cloud is read. *)
Read(j) ==
  /\ j.ph = "begun"
  /\ IF ~Trusted(led) \/ ~Holds(led, j) THEN jobs' = jobs \ {j} /\ UNCHANGED led
     ELSE /\ led' = [led EXCEPT !.att[j.n].right = Right + Flight]
          /\ \E v \in Views :
               LET others == {a \in All \ {j.a} : v[a] = j.n} IN
               jobs' = (jobs \ {j}) \cup {[j EXCEPT !.mine = Right, !.asc = IF j.kind = "detach" THEN asc[j.a] ELSE 0, !.ph =
                 IF j.kind = "detach" THEN (IF v[j.a] = j.n THEN "go" ELSE "detached")
                 ELSE IF v[j.a] = j.n /\ ~G("ask though it seems there") THEN "attached"
                 ELSE IF v[j.a] # j.n /\ others # {} /\ G("read before change") THEN "failed" ELSE "go"]}
  /\ UNCHANGED <<snap, cloud, pod, cut, inv, gone, term, reign, left, wrong>>

Ask(j) ==
  /\ j.ph = "go" /\ (j.mine > 0 \/ ~G("own clock"))
  /\ calls' = calls \cup {[n |-> j.n, a |-> j.a, kind |-> j.kind, asc |-> j.asc, fence |-> j.fence, ticks |-> Flight]}
  /\ jobs' = (jobs \ {j}) \cup {[j EXCEPT !.ph = "asked"]}
  /\ UNCHANGED <<led, snap, on, asc, old, pod, cut, inv, gone, term, reign, left, wrong>>

(* What the cloud makes of it: an address in use is refused, another address of the node is silently displaced. *)
Land(c) ==
  LET refused == \/ c.kind = "attach" /\ on[c.a] \notin {0, c.n} /\ G("no reassociation")
                 \/ c.kind = "detach" /\ (on[c.a] # c.n \/ (asc[c.a] # c.asc /\ G("association")))
      changed == IF refused THEN on
                 ELSE IF c.kind = "detach" THEN [on EXCEPT ![c.a] = 0]
                 ELSE [a \in All |-> IF a = c.a THEN c.n ELSE IF on[a] = c.n THEN 0 ELSE on[a]]
      outcome == IF c.kind = "detach" THEN "detached" ELSE IF refused THEN "taken" ELSE "attached"
      users == {p \in Pods : /\ pod[p].st \in {"running", "draining"} /\ pod[p].a # None
                             /\ on[pod[p].a] = NodeOf(p) /\ changed[pod[p].a] # NodeOf(p)}
  IN  /\ calls' = calls \ {c}
      /\ on' = changed
      /\ asc' = [a \in All |-> IF changed[a] = 0 THEN 0 ELSE IF on[a] = changed[a] THEN asc[a] ELSE
                 Unused({asc[a]} \cup {j.asc : j \in {x \in jobs : x.a = a}} \cup {d.asc : d \in {x \in calls : x.a = a}})]
      /\ old' = [a \in All |-> IF Stale /\ on[a] # changed[a] THEN old[a] \cup {on[a]} ELSE old[a]]
      /\ jobs' = {IF j.fence = c.fence /\ j.ph = "asked" THEN [j EXCEPT !.ph = outcome] ELSE j : j \in jobs}
      /\ wrong' = wrong \cup (IF users # {} THEN {"cut"} ELSE {}) \cup (IF changed[Foreign] # on[Foreign] \/ (on[c.a] = NodeCount + 1 /\ ~refused)
                             THEN {"foreign"} ELSE {})
      /\ UNCHANGED <<led, snap, pod, cut, inv, gone, term, reign, left>>
Other(a) ==
  /\ Others /\ on[a] = 0 /\ Fault /\ on' = [on EXCEPT ![a] = NodeCount + 1]
  /\ UNCHANGED <<led, snap, asc, old, calls, jobs, pod, cut, inv, gone, term, reign, wrong>>
Vanish(c) ==
  /\ Fault /\ calls' = calls \ {c}
  /\ UNCHANGED <<led, snap, on, asc, old, jobs, pod, cut, inv, gone, term, reign, wrong>>

(* Tells the ledger. No answer in time, no permission, no quota: to be tried again, or given up. *)
Tell(j) ==
  /\ \E outcome \in {"attached", "detached", "taken", "failed", "unknown"} :
       /\ \/ outcome = j.ph /\ UNCHANGED left
          \/ outcome = "unknown" /\ j.ph = "asked" /\ Fault
          \/ outcome = "failed" /\ j.ph = "go" /\ j.kind = "attach" /\ Fault
       /\ IF Holds(led, j) THEN Write(Settled(led, j, outcome), jobs \ {j})
          ELSE UNCHANGED <<led, inv>> /\ jobs' = jobs \ {j}
  /\ UNCHANGED <<snap, cloud, pod, cut, gone, term, reign, wrong>>

-----------------------------------------------------------------------------
(* The controller: leaders 1..term, of whom all but the last should be over. *)
Obeyed(t) == t >= led.term \/ ~G("term")

Begin(n) ==
  LET kind == DueOn(led, n)
      B == Begun(led, n, StateOf(kind))
  IN  /\ kind # "" /\ Write(B, jobs \cup {Job(B, n, kind)})
      /\ FaultIf(led.att[n].st # "attached" /\ led.att[n].begun) \* the actor before has not settled, or an answer was lost
      /\ UNCHANGED <<snap, cloud, pod, cut, gone, term, reign, wrong>>

(* A lease whose time has passed is a suspicion; what ends it is that the pod is gone. *)
Expire(p) ==
  /\ p \in led.lease /\ (G("evidence") => pod[p].st \in {"off"})
  /\ Write(EndLease(led, p), jobs)
  /\ UNCHANGED <<snap, cloud, pod, cut, gone, term, reign, left, wrong>>

ReadInventory(t) ==
  /\ inv[t] = NoInventory /\ led.server = "noted"
  /\ left.reads > 0 /\ left' = [left EXCEPT !.reads = @ - 1]
  /\ \E v \in Views : inv' = [inv EXCEPT ![t] = [rows |-> [a \in Addresses |-> v[a]], epoch |-> led.epoch, late |-> led.doubt <= 1,
                                                 recent |-> {a \in Addresses : led.addr[a].age > 0}]]
  /\ UNCHANGED <<led, snap, cloud, jobs, pod, cut, gone, term, reign, wrong>>
PutInventory(t) ==
  /\ inv[t] # NoInventory
  /\ LET L == IF /\ Obeyed(t) /\ Trusted(led) /\ (G("inventory of this epoch") => inv[t].epoch = led.epoch)
             THEN Inventory(led, inv[t]) ELSE led
     IN  led' = L /\ inv' = [Noted(led, L) EXCEPT ![t] = NoInventory]
  /\ UNCHANGED <<snap, cloud, jobs, pod, cut, gone, term, reign, left, wrong>>

(* The leases of all pods whose app runs: by then the inventory has brought their attachments back. *)
Restore(t) ==
  LET users == {p \in Pods : pod[p].st \in {"running", "draining"}}
      back == {p \in users : led.att[NodeOf(p)].st = "attached"}
      astray == {p \in users \ back : pod[p].a # None /\ on[pod[p].a] = NodeOf(p)}
  IN  /\ Obeyed(t) /\ Trusted(led) /\ led.read /\ ~led.restored
      /\ led' = [led EXCEPT !.restored = TRUE,
                            !.lease = IF G("restored leases") THEN @ \cup back ELSE @,
                            !.att = [n \in Nodes |-> IF \E p \in back : NodeOf(p) = n /\ G("restored leases")
                                                     THEN [@[n] EXCEPT !.linger = 0] ELSE @[n]]]
      /\ wrong' = IF astray = {} THEN wrong ELSE wrong \cup {"astray"}
      /\ UNCHANGED <<snap, cloud, jobs, pod, cut, inv, gone, term, reign, left>>

(* Node 1 is deleted and comes back under its name: its pods are gone, and its row in the ledger is to be removed first. *)
Reboot ==
  /\ Terms > 1 /\ gone = {} /\ Fault /\ gone' = {reign}
  /\ pod' = [p \in Pods |-> IF NodeOf(p) = 1 THEN Off ELSE pod[p]] /\ cut' = {p \in cut : NodeOf(p) # 1}
  /\ UNCHANGED <<led, snap, cloud, jobs, inv, term, reign, wrong>>
RECURSIVE EndAll(_, _)
EndAll(L, leases) == IF leases = {} THEN L ELSE LET p == CHOOSE p \in leases : TRUE IN EndAll(EndLease(L, p), leases \ {p})
RemoveNode(t) ==
  /\ t \in gone /\ gone' = gone \ {t}
  /\ IF Obeyed(t) THEN Write(EndAll(led, LeasesOn(led, 1)), jobs) ELSE UNCHANGED <<led, inv, jobs>>
  /\ UNCHANGED <<snap, cloud, pod, cut, term, reign, left, wrong>>

(* Another replica leads; the one before may not know. *)
Elect ==
  /\ term < Terms /\ term' = term + 1
  /\ UNCHANGED <<led, snap, cloud, jobs, pod, cut, inv, gone, reign, left, wrong>>

(* Tells a doubtful ledger from a good one, and empties it: everything is taken from cloud and Kubernetes again. *)
Beat ==
  /\ reign < term \/ led.server # "noted"
  /\ LET doubtful == led.server # "noted" /\ G("notice")
     IN  led' = IF doubtful THEN [EmptyLedger(led.epoch + 1, term) EXCEPT !.doubt = Doubt]
                ELSE [led EXCEPT !.term = term, !.server = "noted"]
  /\ reign' = term /\ gone' = IF gone # {} /\ reign < term THEN gone \cup {term} ELSE gone
  /\ UNCHANGED <<snap, cloud, jobs, pod, cut, inv, term, left, wrong>>

(* The ledger is flushed, or goes back to an older state: another server answers. *)
Save ==
  /\ Snapshots /\ left.losses > 0 /\ snap = None /\ snap' = led
  /\ UNCHANGED <<led, cloud, jobs, pod, cut, inv, gone, term, reign, left, wrong>>
Lose ==
  /\ left.losses > 0 /\ (Snapshots => snap # None)
  /\ left' = [left EXCEPT !.losses = @ - 1] /\ snap' = None
  /\ led' = [(IF snap = None THEN EmptyLedger(led.epoch, 0) ELSE snap) EXCEPT !.server = "other"]
  /\ UNCHANGED <<cloud, jobs, pod, cut, inv, gone, term, reign, wrong>>

-----------------------------------------------------------------------------
(* A tick waits for calls that have to come true or vanish. A sidecar that reaches the ledger renews within the doubt: the
   last tick of it waits for those that can have their lease back. *)
InTime == (led.doubt = 1 /\ led.sound) => \A p \in Pods \ cut : pod[p].st = "running" => p \in led.lease
Timers == \/ calls # {} \/ led.doubt > 0
          \/ \E j \in jobs : j.mine > 0
          \/ \E n \in Nodes : led.att[n].right + led.att[n].unsure + led.att[n].linger > 0
          \/ \E a \in All : old[a] # {} \/ (a # Foreign /\ led.addr[a].age > 0)
Tick ==
  /\ Timers /\ InTime /\ \A c \in calls : c.ticks > 1
  /\ led' = [led EXCEPT !.doubt = Minus(@, 1),
       !.att = [n \in Nodes |-> [@[n] EXCEPT !.right = Minus(@, 1), !.unsure = Minus(@, 1), !.linger = Minus(@, 1)]],
       !.addr = [a \in Addresses |-> [@[a] EXCEPT !.age = Minus(@, 1)]]]
  /\ calls' = {[c EXCEPT !.ticks = @ - 1] : c \in calls}
  /\ jobs' = {j \in {[j EXCEPT !.mine = Minus(@, 1)] : j \in jobs} : j.ph = "go" => j.mine > 0 \/ ~G("own clock")}
  /\ old' = [a \in All |-> {}]
  /\ UNCHANGED <<snap, on, asc, pod, cut, inv, gone, term, reign, left, wrong>>

Next ==
  \/ \E p \in Pods : Start(p) \/ Acquire(p) \/ Drain(p) \/ Release(p) \/ Kill(p) \/ CutOff(p) \/ Expire(p)
  \/ \E j \in jobs : Read(j) \/ Ask(j) \/ Tell(j)
  \/ \E c \in calls : Land(c) \/ Vanish(c)
  \/ \E n \in Nodes : Begin(n)
  \/ \E a \in Addresses : Other(a)
  \/ \E t \in 1..reign : ReadInventory(t) \/ PutInventory(t) \/ Restore(t) \/ RemoveNode(t)
  \/ Reboot \/ Elect \/ Beat \/ Save \/ Lose \/ Tick

Spec == Init /\ [][Next]_vars
Symmetry == Permutations(Addresses)

-----------------------------------------------------------------------------
(* Design, section 3. The numbers are its. *)
OneNode == \A n, m \in Nodes : n # m /\ led.att[n].st # "none" => led.att[n].a # led.att[m].a                  \* 1
Confirmed == "unconfirmed" \notin wrong                                                                       \* 2
Kept == "cut" \notin wrong                                                                                    \* 3, 7
Untouched == "foreign" \notin wrong                                                                           \* 6
Rebuilt == "astray" \notin wrong                                                                              \* 7
=============================================================================
