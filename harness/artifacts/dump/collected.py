"""What is collected of a script while it is read: a value for each table and each database, changed as pieces come."""

from __future__ import annotations

from harness.artifacts.dump.ddl import TableDefinition
from harness.artifacts.dump.model import ObjectInfo, TableInfo
from harness.artifacts.dump.rows import Tally


class TableContent:
    """One table of a script: its definition, its rows as they come, and where it stands."""

    def __init__(self, name: str, line: int) -> None:
        self.name = name
        self.line = line
        self.definition: TableDefinition | None = None
        self.tally = Tally()
        self.insert_columns: tuple[str, ...] | None = None
        self.generated_values_line: int | None = None
        self.statements = 0
        self.checked = False
        self.dump = 0
        self.dropped = False
        self.rows_of_bytes = 0
        self.twice_encoded = 0

    def info(self, *, rows_section: bool) -> TableInfo:
        """What is known of it at the end of the script."""
        known = self.definition or TableDefinition(None, self.name, (), (), None, None, None, None)
        return TableInfo(
            name=self.name,
            line=self.line,
            defined=self.definition is not None,
            columns=known.columns,
            primary_key=known.primary_key,
            engine=known.engine,
            charset=known.charset,
            collation=known.collation,
            auto_increment=known.auto_increment,
            rows=self.tally.rows,
            data_bytes=self.tally.data_bytes,
            digest=self.tally.digest,
            insert_columns=self.insert_columns,
            generated_values_line=self.generated_values_line,
            dropped=self.dropped,
            rows_section=rows_section,
            twice_encoded=self.twice_encoded,
        )


class DatabaseContent:
    """One database of a script: its tables and the objects around them."""

    def __init__(self, name: str, line: int, *, used: bool) -> None:
        self.name = name
        self.line = line
        self.used = used
        self.tables: dict[str, TableContent] = {}
        self.objects: dict[tuple[str, str], ObjectInfo] = {}
        self.rows_sections: set[str] = set()

    def table(self, name: str, line: int) -> TableContent:
        """The table of this name, from this line on if it is new."""
        if name not in self.tables:
            self.tables[name] = TableContent(name, line)
        return self.tables[name]
