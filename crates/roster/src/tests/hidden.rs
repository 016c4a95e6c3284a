//! What whoever opens a file does not see is told, and never taken silently; what a spreadsheet
//! would run is no text of a cell.

use super::{GOOD, HEADER, archive_with, number, taken, text, told};
use crate::check::NotTaken;
use crate::template::packed;
use crate::{Cell, ChangeKind, FileRefusal, Meanings, RowProblem, UnitFound, changes, read};

/// Rows of people below the header, with these attributes of each row.
fn people(rows: &[(&str, &str)]) -> String {
    let all = [("", "姓名,证件号,单位")].into_iter().chain(rows.iter().copied());
    let row = |(at, (more, cells)): (usize, (&str, &str))| {
        let cells: String = ('A'..)
            .zip(cells.split(','))
            .map(|(column, cell)| text(&format!("{column}{at}"), cell))
            .collect();
        format!(r#"<row r="{at}" {more}>{cells}</row>"#)
    };
    (1..).zip(all).map(row).collect()
}

fn sheet(columns: &str, rows: &str) -> Vec<u8> {
    let sheet = format!("<worksheet>{columns}<sheetData>{rows}</sheetData></worksheet>");
    archive_with(&[("xl/worksheets/sheet1.xml", sheet.as_bytes())])
}

/// A row that a filter or a hand hid is told with its number; the ones that are seen are not.
#[test]
fn rows_that_nobody_sees_are_told() {
    let (one, two) = (format!("王小明,{GOOD},sz-office"), number(1));
    let two = format!("李丹,{two},sz-office");
    for hides in [
        r#"hidden="1""#,
        r#"hidden="true""#,
        r#"hidden="&#49;""#,
        r#"hidden=" 1 ""#,
        r#"z:hidden="0" hidden="1""#,
        r#"ht="0" customHeight="1""#,
        r#"ht="0.75""#,
        r#"ht="&#48;""#,
    ] {
        let file = sheet("", &people(&[("", one.as_str()), (hides, two.as_str())]));
        let Err(NotTaken::Rows(rows)) = taken(&read(&file).unwrap()) else { panic!("{hides}") };
        let said: Vec<String> = rows.iter().map(crate::RowRefusal::zh).collect();
        assert_eq!(said, ["第 3 行：该行在表格中被隐藏，请取消隐藏或删除"], "{hides}");
        assert_eq!(rows[0].problem, RowProblem::Hidden);
    }
    let seen = people(&[("", one.as_str()), (r#"hidden="0" ht="15""#, two.as_str())]);
    assert_eq!(taken(&read(&sheet("", &seen)).unwrap()).unwrap().len(), 2);
    // Nobody sees an empty row, and nobody is in it.
    let empty = format!(r#"{}<row r="3" hidden="1"/>"#, people(&[("", one.as_str())]));
    assert_eq!(taken(&read(&sheet("", &empty)).unwrap()).unwrap().len(), 1);
    let header = people(&[("", one.as_str())]).replacen("<row ", r#"<row hidden="1" "#, 1);
    let told = taken(&read(&sheet("", &header)).unwrap());
    assert_eq!(told, Err(FileRefusal::HeaderHidden.into()));
}

/// A column of the template that is hidden is told by its name, another one is nobody's business;
/// for changes of people as for a roster.
#[test]
fn columns_that_nobody_sees_are_told() {
    let rows = people(&[("", format!("王小明,{GOOD},sz-office").as_str())]);
    for (columns, hidden) in [
        (r#"<cols><col min="1" max="1" hidden="1"/></cols>"#, Some("姓名")),
        (r#"<cols><col min="2" max="16384" width="0"/></cols>"#, Some("证件号")),
        (r#"<cols><col min="1" max="3" width="9"/><col min="4" max="9" hidden="1"/></cols>"#, None),
    ] {
        let told = taken(&read(&sheet(columns, &rows)).unwrap());
        match hidden {
            Some(name) => assert_eq!(told, Err(FileRefusal::ColumnHidden(name).into())),
            None => assert_eq!(told.unwrap().len(), 1),
        }
    }
    for broken in [r#"<col min="0" max="1" hidden="1"/>"#, r#"<col hidden="1"/>"#] {
        assert_eq!(read(&sheet(broken, &rows)), Err(FileRefusal::Malformed), "{broken}");
    }
    let unit = |_: &str| UnitFound::Nothing;
    let person = |text: &str| Some(text.to_owned());
    let reason = |_: &str| None::<String>;
    let meanings = Meanings { unit: &unit, person: &person, reason: &reason };
    let leaver = |more: &str| {
        let head = text("A1", "人员编号");
        let id = text("A2", "0123456789ABCDEF");
        format!(r#"<row r="1">{head}</row><row r="2" {more}>{id}</row>"#)
    };
    let of = |columns: &str, more: &str| {
        changes(&read(&sheet(columns, &leaver(more))).unwrap(), ChangeKind::Leave, &meanings)
    };
    assert_eq!(of("", "").unwrap().len(), 1);
    let Err(NotTaken::Rows(rows)) = of("", r#"hidden="1""#) else { panic!("taken") };
    assert_eq!(rows[0].problem, RowProblem::Hidden);
    let told = of(r#"<cols><col min="1" max="1" hidden="1"/></cols>"#, "");
    assert_eq!(told, Err(FileRefusal::ColumnHidden("人员编号").into()));
}

/// Of several sheets the first one that is seen is read, wherever the hidden ones stand.
#[test]
fn the_first_sheet_that_is_seen_is_read() {
    let related = br#"<Relationships><Relationship Id="a" Target="worksheets/a.xml"/>
        <Relationship Id="b" Target="worksheets/b.xml"/></Relationships>"#;
    let file = |first: &str, second: &str| {
        let workbook = format!(
            r#"<workbook xmlns:r="r"><sheets><sheet name="1" sheetId="1" {first} r:id="a"/>
            <sheet name="2" sheetId="2" {second} r:id="b"/></sheets></workbook>"#
        );
        let sheet = |said: &str| {
            let cell = text("A1", said);
            let rows = format!(r#"<row r="1">{cell}</row>"#);
            format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
        };
        let (a, b) = (sheet("a"), sheet("b"));
        let read = read(&packed(&[
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", related.as_slice()),
            ("xl/worksheets/a.xml", a.as_bytes()),
            ("xl/worksheets/b.xml", b.as_bytes()),
        ]));
        read.map(|table| table.rows[0].cells[0].text().to_owned())
    };
    assert_eq!(file("", ""), Ok("a".to_owned()));
    assert_eq!(file(r#"state="visible""#, r#"state="hidden""#), Ok("a".to_owned()));
    for state in [r#"state="hidden""#, r#"state="veryHidden""#] {
        assert_eq!(file(state, ""), Ok("b".to_owned()), "{state}");
        assert_eq!(file(state, state), Err(FileRefusal::Malformed), "nothing is seen of it");
    }
}

/// Of merged cells the first is seen, and no other one, whatever stands in it: they are told with
/// their row, before anybody is taken from one of them.
#[test]
fn cells_that_are_merged_are_told() {
    let (one, two) = (format!("王小明,{GOOD},sz-office"), number(1));
    let two = format!("李丹,{two},sz-office");
    let rows = people(&[("", one.as_str()), ("", two.as_str())]);
    let merged = |range: &str| format!(r#"<mergeCells><mergeCell ref="{range}"/></mergeCells>"#);
    let told = read(&sheet(&merged("A2:C3"), &rows));
    assert_eq!(told, Err(FileRefusal::Merged(2)));
    let said = "第 2 行：有合并的单元格，请取消合并，逐行填写。";
    assert_eq!(FileRefusal::Merged(2).zh(), said);
    for broken in ["", "A", "2A:C3"] {
        assert_eq!(read(&sheet(&merged(broken), &rows)), Err(FileRefusal::Malformed), "{broken}");
    }
    let none = sheet(r#"<mergeCells count="0"/>"#, &rows);
    assert_eq!(taken(&read(&none).unwrap()).unwrap().len(), 2);
}

/// A spreadsheet keeps a day as a number, and rounds a long one: where a text is meant, that is
/// told, as it is of an identity number.
#[test]
fn a_day_that_is_kept_as_a_number_is_told() {
    let day = |place: &str| format!(r#"<c r="{place}" s="2"><v>46357</v></c>"#);
    let file = |head: &[&str], cells: &[String]| {
        let head = ('A'..).zip(head).map(|(column, name)| text(&format!("{column}1"), name));
        let (head, cells) = (head.collect::<String>(), cells.concat());
        read(&sheet("", &format!(r#"<row r="1">{head}</row><row r="2">{cells}</row>"#))).unwrap()
    };
    let seen = [day("A2"), text("B2", GOOD), text("C2", "sz-office"), day("D2")];
    let roster = file(&["姓名", "证件号", "单位", "核验依据"], &seen);
    let Err(NotTaken::Rows(rows)) = taken(&roster) else { panic!("taken") };
    let said: Vec<String> = rows.iter().map(crate::RowRefusal::zh).collect();
    let told =
        |name: &str| format!("第 2 行：“{name}”是数字或日期单元格，请改为文本格式后重新填写");
    assert_eq!(said, [told("姓名"), told("核验依据")]);
    // Nor is anything a text that is seen as another one: TRUE, an error, a day in its own form.
    for kept in [r#"t="b"><v>1"#, r##"t="e"><v>#N/A"##, r#"t="d"><v>2026-12-01"#] {
        let cell = |place: &str| format!(r#"<c r="{place}" {kept}</v></c>"#);
        let seen = [text("A2", "王小明"), text("B2", GOOD), text("C2", "sz-office"), cell("D2")];
        let roster = file(&["姓名", "证件号", "单位", "核验依据"], &seen);
        let Err(NotTaken::Rows(rows)) = taken(&roster) else { panic!("{kept}") };
        assert_eq!(rows[0].problem, RowProblem::NotText("核验依据"), "{kept}");
    }
    let unit = |_: &str| UnitFound::Nothing;
    let person = |text: &str| Some(text.to_owned());
    let reason = |_: &str| None::<String>;
    let meanings = Meanings { unit: &unit, person: &person, reason: &reason };
    let leavers = file(&["人员编号", "核验依据"], &[day("A2"), day("B2")]);
    let told = changes(&leavers, ChangeKind::Leave, &meanings);
    let Err(NotTaken::Rows(rows)) = told else { panic!("taken") };
    let problems: Vec<RowProblem> = rows.into_iter().map(|row| row.problem).collect();
    assert_eq!(problems, [RowProblem::NotText("人员编号"), RowProblem::NotText("核验依据")]);
    let typed = file(&["人员编号"], &[text("A2", "0123456789ABCDEF")]);
    assert_eq!(changes(&typed, ChangeKind::Leave, &meanings).unwrap().len(), 1);
}

/// Two files of one name are two tables: a program shows one, and another one reads the other.
#[test]
fn a_workbook_has_one_file_of_a_name() {
    let rows = people(&[("", format!("王小明,{GOOD},sz-office").as_str())]);
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let path = "xl/worksheets/sheet1.xml";
    assert!(read(&archive_with(&[(path, sheet.as_bytes())])).is_ok());
    let twice = archive_with(&[(path, sheet.as_bytes()), (path, b"<worksheet/>".as_slice())]);
    assert_eq!(read(&twice), Err(FileRefusal::Malformed));
    let other = ("XL/worksheets/Sheet1.xml", b"<worksheet/>".as_slice());
    let twice = archive_with(&[(path, sheet.as_bytes()), other]);
    assert_eq!(read(&twice), Err(FileRefusal::Malformed), "names differ in case alone");
    let own = archive_with(&[("xl/Worksheets/sheet1.xml", sheet.as_bytes())]);
    assert!(read(&own).is_ok(), "as some programs write it");
}

/// A spreadsheet opens the files that the workbook names, and no others, whatever those are called.
#[test]
fn a_workbook_is_read_as_it_names_its_parts() {
    let root = br#"<Relationships><Relationship Id="a" Type="x/officeDocument"
        Target="/book/b.xml"/></Relationships>"#;
    let workbook = br#"<workbook><sheets><sheet r:id="s"/></sheets></workbook>"#;
    let parts = br#"<Relationships><Relationship Id="t" Type="x/sharedStrings" Target="t.xml"/>
        <Relationship Id="s" Target="/book/s.xml"/></Relationships>"#;
    let rows = br#"<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    let texts = |text: &str| format!("<sst><si><t>{text}</t></si></sst>");
    let (meant, other) = (texts("王小明"), texts("李丹"));
    let mut files = vec![
        ("_rels/.rels", root.as_slice()),
        ("book/b.xml", workbook.as_slice()),
        ("book/_rels/b.xml.rels", parts.as_slice()),
        ("book/s.xml", rows.as_slice()),
        ("book/t.xml", meant.as_bytes()),
        ("xl/workbook.xml", b"<workbook/>".as_slice()),
        ("xl/sharedStrings.xml", other.as_bytes()),
    ];
    let table = read(&packed(&files)).unwrap();
    assert_eq!(table.rows[0].cells[0], Cell::Text("王小明".into()));
    // Without the file that is named there are no texts, wherever others lie.
    files.remove(4);
    assert_eq!(read(&packed(&files)), Err(FileRefusal::Malformed));
    // A text of a word processor is no sheet, nor is a workbook of binary records.
    for target in ["word/document.xml", "xl/workbook.bin"] {
        let root = format!(r#"<a><Relationship Type="x/officeDocument" Target="{target}"/></a>"#);
        let file = packed(&[("_rels/.rels", root.as_bytes()), (target, b"<a/>".as_slice())]);
        assert_eq!(read(&file), Err(FileRefusal::NotASheet), "{target}");
    }
}

/// Of two files that are the same bytes one is what its own header says; and however many lie in
/// one another, they are counted together before one of them is unpacked.
#[test]
fn no_file_of_an_archive_lies_within_another() {
    let rows = people(&[("", format!("王小明,{GOOD},sz-office").as_str())]);
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    let path = "xl/worksheets/sheet1.xml";
    let files =
        [(path, b"<worksheet/>".as_slice()), ("xl/worksheets/sheet2.xml", sheet.as_bytes())];
    let mut bytes = archive_with(&files);
    assert!(read(&bytes).unwrap().rows.is_empty());
    let find = |wanted: &[u8], bytes: &[u8]| -> Vec<usize> {
        let found = bytes.windows(4).enumerate().filter(|(_, window)| *window == wanted);
        found.map(|(at, _)| at).collect()
    };
    // The directory says that the first sheet lies where the second one does.
    let entries = find(b"PK\x01\x02", &bytes);
    bytes.copy_within(entries[3] + 20..entries[3] + 28, entries[2] + 20);
    bytes.copy_within(entries[3] + 42..entries[3] + 46, entries[2] + 42);
    assert_eq!(read(&bytes), Err(FileRefusal::Malformed));
    // A hundred files, all of them the same two bytes, which say that they become a megabyte each.
    let names: Vec<String> = (0..100).map(|at| format!("xl/{at}.xml")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let mut bytes = packed(&many);
    for place in find(b"PK\x01\x02", &bytes) {
        bytes[place + 24..place + 28].copy_from_slice(&(1_u32 << 20).to_le_bytes());
        bytes[place + 42..place + 46].copy_from_slice(&[0; 4]);
    }
    assert_eq!(read(&bytes), Err(FileRefusal::Bomb));
}

/// Whatever a spreadsheet runs is told, in each spelling that a Chinese keyboard has; a line that
/// stands for nothing, and signs inside of a text, are texts.
#[test]
fn no_cell_begins_like_a_formula() {
    for sign in ['=', '+', '-', '@', '＝', '＋', '－', '＠'] {
        let said = told(&format!("王小明,{GOOD},sz-office,,{sign}1+1"));
        assert_eq!(said, ["第 2 行：单元格以公式符号开头"], "{sign}");
        assert!(Cell::Text(format!("{sign}cmd|' /C calc'!A0")).runs(), "{sign}");
        assert!(!Cell::Text(format!("看过{sign}1")).runs(), "{sign}");
    }
    for sign in ["\t=1", "\r=1", "=", "+"] {
        assert!(Cell::Text(sign.into()).runs(), "{sign:?}");
    }
    for nothing in ["-", "--", "－", ""] {
        assert!(!Cell::Text(nothing.into()).runs(), "{nothing}");
    }
    assert_eq!(told(&format!("王小明,{GOOD},sz-office,,-")), [""; 0]);
    let line = read(format!("{HEADER}王小明,{GOOD},sz-office,,\"\t=1\"").as_bytes()).unwrap();
    assert_eq!(line.rows[1].cells[4], Cell::Text("=1".into()), "space before it is nobody's");
}

/// A mark that somebody forgot in a column that nobody reads takes no people with it: they would be
/// left out of a roster, or of a list of leavers, and nobody would see that.
#[test]
fn no_quotation_takes_rows_with_it() {
    let head = "姓名,证件号,单位,备注\n";
    let (first, last) = (format!("王小明,{GOOD},sz-office"), number(1));
    let swallowed = format!("{head}{first},\"市级\n李丹,{last},sz-office,\"\n");
    assert_eq!(read(swallowed.as_bytes()), Err(FileRefusal::LineInCell(2)));
    for broken in ["a\r\nb", "a\rb", "a\n"] {
        let file = format!("{head}\n{first},\"{broken}\"\n");
        assert_eq!(read(file.as_bytes()), Err(FileRefusal::LineInCell(3)), "{broken:?}");
    }
    let said = "第 3 行：单元格跨了行，请删除其中的换行或多余的引号。";
    assert_eq!(FileRefusal::LineInCell(3).zh(), said);
    let quoted = format!("{head}{first},\"市级, \"\"新\"\"\"\n");
    let table = read(quoted.as_bytes()).unwrap();
    assert_eq!(table.rows[1].cells[3], Cell::Text("市级, \"新\"".into()));
    assert_eq!(taken(&table).unwrap().len(), 1);
}

/// What a sheet says outside of its cells is no cell's: a list to choose a unit from, which a
/// spreadsheet keeps as a formula of another sheet, is no formula of the last row. How a name is
/// pronounced is no part of it.
#[test]
fn what_stands_outside_of_cells_is_no_cell() {
    let rows = people(&[("", format!("王小明,{GOOD},sz-office").as_str())]);
    let spoken = "<t>王小明</t><rPh sb=\"0\" eb=\"1\"><t>wáng</t></rPh>";
    let rows = rows.replace("<t>王小明</t>", spoken);
    let list = "<extLst><ext><x14:dataValidations><x14:dataValidation><x14:formula1>\
        <xm:f>Sheet2!$A$1:$A$9</xm:f></x14:formula1></x14:dataValidation></x14:dataValidations>\
        <c r=\"A9\" t=\"str\"><v>李丹</v></c></ext></extLst>";
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData>{list}</worksheet>");
    let file = archive_with(&[("xl/worksheets/sheet1.xml", sheet.as_bytes())]);
    let entries = taken(&read(&file).unwrap()).unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["王小明"]);
    let within = sheet.replace("</sheetData>", "<row><c><f>A1</f></c></row></sheetData>");
    let file = archive_with(&[("xl/worksheets/sheet1.xml", within.as_bytes())]);
    assert_eq!(read(&file), Err(FileRefusal::Formula(3)));
}

/// What one program puts into a workbook for itself is shown by no other: it is neither a row nor a
/// part of a text, and it does not say what a row says.
#[test]
fn what_no_spreadsheet_shows_is_no_row() {
    let rows = people(&[("", format!("王小明,{GOOD},sz-office").as_str())]);
    let file = |rows: &str| {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        archive_with(&[("xl/worksheets/sheet1.xml", sheet.as_bytes())])
    };
    assert!(read(&file(&format!(r#"{rows}<row r="3" z:r="4"/>"#))).is_ok());
    let cell = text("A3", "李丹");
    for own in [
        format!(r#"<z:row r="3">{cell}</z:row>"#),
        format!(r#"<row r="3"><z:c r="A3"/>{cell}</row>"#),
        format!(r#"<row xmlns="z" r="3">{cell}</row>"#),
        format!("</sheetData><sheetData><row r=\"3\">{cell}</row>"),
    ] {
        let told = read(&file(&format!("{rows}{own}")));
        assert_eq!(told, Err(FileRefusal::Malformed), "{own}");
    }
    let sheet = r#"<worksheet><sheetData><row><c t="s"><v>0</v></c></row></sheetData></worksheet>"#;
    let texts = |texts: &str| {
        let files = [("xl/worksheets/sheet1.xml", sheet), ("xl/sharedStrings.xml", texts)];
        read(&archive_with(&files.map(|(name, text)| (name, text.as_bytes()))))
    };
    assert!(texts("<sst><si><t>王小明</t></si></sst>").is_ok());
    let told = texts("<sst><si><t>王小明<z:t>李丹</z:t></t></si></sst>");
    assert_eq!(told, Err(FileRefusal::Malformed));
    // Whatever stands before all of its names, it is a workbook; and of two sheets it means one.
    let named = r#"<x:worksheet xmlns:x="m"><x:sheetData><x:row r="1"><x:c r="A1" t="str">
        <x:v>a</x:v></x:c></x:row></x:sheetData></x:worksheet>"#;
    let table = read(&archive_with(&[("xl/worksheets/sheet1.xml", named.as_bytes())])).unwrap();
    assert_eq!(table.rows[0].cells[0], Cell::Text("a".into()));
    let workbook = br#"<workbook><sheets><sheet z:id="b" r:id="a"/></sheets></workbook>"#;
    let files = packed(&[("xl/workbook.xml", workbook.as_slice())]);
    assert_eq!(read(&files), Err(FileRefusal::Malformed));
}
