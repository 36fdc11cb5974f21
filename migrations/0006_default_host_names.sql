-- A host that nobody named is called after its switch and port. It was called after its port alone, as every host on that
-- port of any switch, and hosts of one name count as one server now. Two switches of one name are told apart by their ids.
UPDATE hosts
SET name = (SELECT CASE (SELECT count(*) FROM switches o WHERE o.name = s.name)
                       WHEN 1 THEN s.name
                       ELSE s.name || '-' || s.id
                   END || '-p' || c.port
            FROM cables c JOIN switches s ON s.id = c.switch
            WHERE c.host = hosts.id)
WHERE name = (SELECT 'host-p' || c.port FROM cables c WHERE c.host = hosts.id);
