-- Everything the catalogs say of the objects of extension steep_repl, a line for each fact, without
-- oids and without the order in which things were made.
with member as (
  select d.classid, d.objid
  from pg_depend d join pg_extension e on e.oid = d.refobjid
  where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e' and e.extname = 'steep_repl'
),
relation as (
  select c.* from pg_class c where c.oid in (select objid from member where classid = 'pg_class'::regclass)
),
fact (line) as (
  select format('member %s', pg_describe_object(classid, objid, 0)) from member
  union all
  select format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
  from pg_description d
  where (d.classoid, d.objoid) in (select classid, objid from member)
     or (d.classoid = 'pg_class'::regclass and d.objoid in
          (select i.indexrelid from pg_index i join relation r on r.oid = i.indrelid))
     or (d.classoid = 'pg_constraint'::regclass and d.objoid in
          (select k.oid from pg_constraint k join relation r on r.oid = k.conrelid))
     or (d.classoid = 'pg_trigger'::regclass and d.objoid in
          (select t.oid from pg_trigger t join relation r on r.oid = t.tgrelid))
  union all
  select format('schema %s owner %s acl %s', n.nspname, n.nspowner::regrole,
    (select string_agg(a::text, ' ' order by a::text) from unnest(n.nspacl) a))
  from pg_namespace n where n.oid in (select objid from member where classid = 'pg_namespace'::regclass)
  union all
  select format('relation %s kind %s persistence %s owner %s identity %s rls %s options %s acl %s', r.oid::regclass,
    r.relkind, r.relpersistence, r.relowner::regrole, r.relreplident, r.relrowsecurity, r.reloptions,
    (select string_agg(a::text, ' ' order by a::text) from unnest(r.relacl) a))
  from relation r
  union all
  select format('column %s.%s number %s type %s not null %s collation %s identity "%s" generated "%s" default %s storage %s acl %s',
    r.oid::regclass, a.attname,
    row_number() over (partition by a.attrelid order by a.attnum),
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::regcollation,
    a.attidentity, a.attgenerated, pg_get_expr(v.adbin, v.adrelid), a.attstorage, a.attacl)
  from relation r
  join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef v on v.adrelid = a.attrelid and v.adnum = a.attnum
  union all
  select format('constraint %s on %s: %s validated %s', k.conname, r.oid::regclass,
    pg_get_constraintdef(k.oid), k.convalidated)
  from relation r join pg_constraint k on k.conrelid = r.oid
  union all
  select format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid)
  from relation r join pg_index i on i.indrelid = r.oid
  union all
  select format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
  from relation r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  union all
  select format('event trigger %s on %s tags %s owner %s enabled %s calls %s', t.evtname, t.evtevent, t.evttags,
    t.evtowner::regrole, t.evtenabled, t.evtfoid::regprocedure)
  from pg_event_trigger t where t.oid in (select objid from member where classid = 'pg_event_trigger'::regclass)
  union all
  select format('rule %s', pg_get_ruledef(w.oid)) from relation r join pg_rewrite w on w.ev_class = r.oid
  union all
  select format('sequence %s type %s start %s increment %s max %s min %s cache %s cycle %s', r.oid::regclass,
    s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
  from relation r join pg_sequence s on s.seqrelid = r.oid
  union all
  select format('owned sequence %s by %s column %s', d.objid::regclass, d.refobjid::regclass, d.refobjsubid)
  from pg_depend d join relation r on r.oid = d.objid
  where d.classid = 'pg_class'::regclass and d.deptype = 'a' and r.relkind = 'S'
  union all
  select format('function owner %s acl %s %s', p.proowner::regrole,
    (select string_agg(a::text, ' ' order by a::text) from unnest(p.proacl) a), pg_get_functiondef(p.oid))
  from pg_proc p
  where p.prokind <> 'a' and p.oid in (select objid from member where classid = 'pg_proc'::regclass)
  union all
  select format('type %s kind %s owner %s acl %s subtype %s', t.oid::regtype, t.typtype, t.typowner::regrole,
    (select string_agg(a::text, ' ' order by a::text) from unnest(t.typacl) a),
    (select g.rngsubtype::regtype::text from pg_range g where g.rngtypid = t.oid))
  from pg_type t where t.oid in (select objid from member where classid = 'pg_type'::regclass)
  union all
  select format('initial privileges of %s: %s', pg_describe_object(i.classoid, i.objoid, i.objsubid),
    (select string_agg(a::text, ' ' order by a::text) from unnest(i.initprivs) a))
  from pg_init_privs i where (i.classoid, i.objoid) in (select classid, objid from member)
  union all
  select format('dumped %s "%s"', config.relation::regclass, config.filter)
  from pg_extension e, unnest(e.extconfig, e.extcondition) as config (relation, filter)
  where e.extname = 'steep_repl'
  union all
  select format('extension version %s relocatable %s schema %s', e.extversion, e.extrelocatable, e.extnamespace::regnamespace)
  from pg_extension e where e.extname = 'steep_repl'
)
select line from fact order by line collate "C"
