//! Access rules in Cedar: schema, entities, decide and explain. Comes with the gate issue; until then the rule bundle in force is the deny-all file.
