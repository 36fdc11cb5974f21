-- What the tables held beside the ledger of this folder, as the version wrote it that had the migrations up to 3.
UPDATE picture SET generation = 3;

INSERT INTO switches (id, key, name, address, model, firmware, lost)
VALUES (1, 'pax-1', 'rack-12-pax', '10.0.0.1', 'Switchtec PAX', '4.80 B123', 0);

-- The cable of db-02 was pulled since the discovery: an entry of the ledger said so then.
INSERT INTO ports (switch, port, role, shown, logical_ports, up, width, rate, configured_width, configured_rate)
VALUES (1, 0, 'host', 1, 8, 1, 8, 'gen4', 8, 'gen4'),
       (1, 4, 'host', 1, 8, 0, 0, NULL, 8, 'gen4'),
       (1, 16, 'slot', 1, NULL, 1, 8, 'gen4', 8, 'gen4');

INSERT INTO hosts (id, name) VALUES (1, 'web-01'), (2, 'db-02');
INSERT INTO cables (switch, port, host) VALUES (1, 0, 1), (1, 4, 2);

INSERT INTO adapters (id, switch, slot, vendor, device, subsystem_vendor, subsystem_device, kind, name, state)
VALUES (1, 1, 16, 32902, 5515, 0, 0, 'nic', '25 GbE NIC', 'present');

INSERT INTO functions (id, adapter, number, pdfid, role, shown)
VALUES (1, 1, 0, '0x1000', 'pf', 1), (2, 1, 1, '0x1001', 'vf', 1), (3, 1, 2, '0x1002', 'vf', 1);

INSERT INTO assignments (function, host, logical_port, number) VALUES (2, 2, 0, 0), (3, 1, 1, 0);
INSERT INTO drift (function, host, logical_port, number, since) VALUES (3, NULL, NULL, NULL, 5);

INSERT INTO changes (id, opened_seq, closed_seq, outcome, why) VALUES (1, 3, 4, 'applied', NULL), (2, 9, NULL, NULL, NULL);
INSERT INTO keys (key, asked, change)
VALUES ('ticket-1', '0101010101010101010101010101010101010101010101010101010101010101', 1);

INSERT INTO lines (seq, at, kind, person, title, reason)
VALUES (1, '2026-11-20T08:00:00.000Z', 'discovery', NULL, 'rack-12-pax was added', NULL),
       (2, '2026-11-20T08:00:01.000Z', 'discovery', NULL, 'rack-12-pax was read', NULL),
       (3, '2026-11-20T08:00:02.000Z', 'change', 'ada', 'Move eth16v1 to db-02', 'INC-1'),
       (5, '2026-11-20T08:00:04.000Z', 'drift', NULL, 'eth16v2 was assigned to web-01 by somebody else', NULL),
       (6, '2026-11-20T08:00:05.000Z', 'links', NULL, 'Port 4 of rack-12-pax went down', NULL),
       (7, '2026-11-20T08:00:06.000Z', 'reachability', NULL, 'rack-12-pax stopped answering',
        'The switch at 10.0.0.1 cannot be reached.'),
       (8, '2026-11-20T08:00:07.000Z', 'reachability', NULL, 'rack-12-pax answers again', NULL),
       (9, '2026-11-20T08:00:08.000Z', 'change', 'ada', 'Release eth16v1', 'INC-2');

INSERT INTO subjects (kind, id, seq)
VALUES ('host', 1, 3), ('host', 2, 3), ('function', 2, 3), ('adapter', 1, 3), ('host', 1, 5), ('function', 3, 5),
       ('adapter', 1, 5), ('host', 2, 6), ('host', 2, 9), ('function', 2, 9), ('adapter', 1, 9);
