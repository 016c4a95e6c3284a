//! Files as offices send them, and files as nobody should.

mod hidden;

use crate::check::NotTaken;
use crate::template::{csv, packed, workbook, workbook_with};
use crate::zip::Archive;
use crate::{
    COLUMNS_MAX, Cell, FILE_BYTES_MAX, FileRefusal, ROWS_MAX, RosterEntry, Table, UnitFound,
};
use crate::{check, read};

const TODAY: (u16, u8, u8) = (2026, 11, 30);
const GOOD: &str = "11010519491231002X";
const HEADER: &str = "姓名,证件号,单位,邮箱,核验依据\r\n";

fn units(text: &str) -> UnitFound {
    match text {
        "sz-office" | "区政府办" => UnitFound::One("sz-office".into()),
        "办公室" => UnitFound::Several,
        _ => UnitFound::Nothing,
    }
}

fn taken(table: &Table) -> Result<Vec<RosterEntry>, NotTaken> {
    check(table, units, TODAY)
}

/// What is the matter with a text of values, in words.
fn told(rows: &str) -> Vec<String> {
    let table = read(format!("{HEADER}{rows}").as_bytes()).unwrap();
    match taken(&table) {
        Ok(_) => Vec::new(),
        Err(NotTaken::Rows(rows)) => rows.iter().map(crate::RowRefusal::zh).collect(),
        Err(NotTaken::File(refusal)) => vec![refusal.zh()],
    }
}

/// A number with its check character.
fn number(at: usize) -> String {
    let digits = format!("1101051990{:02}{:02}{:03}", at % 12 + 1, at / 12 % 28 + 1, at / 336);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = digits.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", "10X98765432".as_bytes()[(sum % 11) as usize] as char)
}

#[test]
fn the_template_comes_back_as_it_was_filled_in() {
    assert_eq!(taken(&read(&workbook()).unwrap()), Err(FileRefusal::Nobody.into()));
    assert_eq!(taken(&read(csv().as_bytes()).unwrap()), Err(FileRefusal::Nobody.into()));
    let rows = [["王小明", GOOD, "区政府办", "wang@example.com", "录用<&文件"]];
    let filled = taken(&read(&workbook_with(&rows)).unwrap()).unwrap();
    assert_eq!(filled[0].evidence, "录用<&文件", "markup of the file is text of a cell");
    let rows = [["王小明", GOOD, "区政府办", "wang@example.com", "录用文件"]];
    let entries = taken(&read(&workbook_with(&rows)).unwrap()).unwrap();
    let one = &entries[0];
    assert_eq!((one.row, one.name.as_str(), one.unit.as_str()), (2, "王小明", "sz-office"));
    assert_eq!((one.number.whole(), one.mail.as_str()), (GOOD, "wang@example.com"));
    assert_eq!(one.evidence, "录用文件");
}

#[test]
fn a_text_is_read_in_each_encoding_that_offices_write() {
    let text = format!("{HEADER}\"王,小明\",{GOOD},sz-office\n\n李丹,{},办公厅", number(1));
    let table = read(text.as_bytes()).unwrap();
    assert_eq!(table.rows[1].cells[0], Cell::Text("王,小明".into()));
    assert_eq!(table.rows[2].number, 4, "an empty line counts");
    assert_eq!(read(format!("\u{feff}{text}").as_bytes()).unwrap(), table);
    let (legacy, _, _) = encoding_rs::GB18030.encode(&text);
    assert_eq!(read(&legacy).unwrap(), table);
    // A mark at the beginning is no part of the first name, in either encoding.
    let (marked, _, _) = encoding_rs::GB18030.encode("\u{feff}姓名");
    assert!(marked.starts_with(&[0x84, 0x31, 0x95, 0x33]));
    assert_eq!(read(&[&marked[..4], &legacy[..]].concat()).unwrap(), table);
    // However rows end, and however often that changes within a file.
    assert_eq!(read(b"a\rb\r\nc\n\n\rd").unwrap().rows[3].number, 6);
    assert_eq!(read(&[0x80, 0xff, 0xff]), Err(FileRefusal::Encoding));
    assert_eq!(read(b"a\0b"), Err(FileRefusal::NotASheet));
    assert_eq!(read(b"a,\"b\nc"), Err(FileRefusal::Quotation(1)));
    for broken in ["D0", "2C 81", "81 30 81", "81 20", "FE 39 FE 39"] {
        let bytes = broken.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap());
        let file = [&legacy[..], &bytes.collect::<Vec<u8>>()[..]].concat();
        assert_eq!(read(&file), Err(FileRefusal::Encoding), "{broken}");
    }
    // What Windows calls Unicode is UTF-16, with its mark in either order.
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let turned: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (mark, file) in [([0xFF, 0xFE], &wide), ([0xFE, 0xFF], &turned)] {
        let file = [mark.as_slice(), file.as_slice()].concat();
        assert_eq!(read(&file), Err(FileRefusal::Encoding));
    }
    assert!(read(&wide).is_err() && read(&turned).is_err(), "nor without one");
}

#[test]
fn each_thing_that_is_wrong_is_said_with_its_row() {
    assert_eq!(told(&format!("王小明,{GOOD},sz-office,,")), [""; 0]);
    for (row, said) in [
        (format!(",{GOOD},sz-office"), "第 2 行：姓名：没有填写"),
        (format!("王㈱,{GOOD},sz-office"), "第 2 行：姓名：名称中不能有 ㈱（U+3231）"),
        (format!("王\u{200b}明,{GOOD},sz-office"), "第 2 行：姓名：不能有无法显示的字符 U+200B"),
        (
            format!("王\u{3000}明,{GOOD},sz-office"),
            "第 2 行：姓名：只能有单个普通空格，不能有 U+3000",
        ),
        (format!("王（明,{GOOD},sz-office"), "第 2 行：姓名：名称中不能有 （（U+FF08）"),
        (format!("王/明,{GOOD},sz-office"), "第 2 行：姓名：名称中不能有 /（U+002F）"),
        (format!("王小明,{GOOD},sz-office,a@b..cn"), "第 2 行：邮箱：邮箱的主机名有空的一段"),
        (format!("王小明,{GOOD},sz-office,a b@c.cn"), "第 2 行：邮箱：邮箱不能含有 ' '"),
        (
            format!("王小明,{GOOD},sz-office,,看过\u{202e}"),
            "第 2 行：核验依据：不能有无法显示的字符 U+202E",
        ),
        ("王小明,,sz-office".into(), "第 2 行：缺少证件号"),
        (
            "王小明,1.10105E+17,sz-office".into(),
            "第 2 行：证件号被 Excel 改成了数字，请用模板重新粘贴",
        ),
        (
            "王小明,110105194912310000,sz-office".into(),
            "第 2 行：证件号被 Excel 改成了数字，请用模板重新粘贴",
        ),
        ("王小明,1101,sz-office".into(), "第 2 行：证件号应为 18 位"),
        (
            "王小明,110105491231002,sz-office".into(),
            "第 2 行：15 位的旧证件号已停用，请填写 18 位证件号",
        ),
        ("王小明,11010519491231002Ｘ,sz-office".into(), "第 2 行：证件号中有全角字符，请改为半角"),
        ("王小明,110105194912310021,sz-office".into(), "第 2 行：证件号校验码不符，请检查是否输错"),
        (format!("王小明,{GOOD},"), "第 2 行：缺少单位"),
        (format!("王小明,{GOOD},洛南县"), "第 2 行：没有您经办的单位“洛南县”"),
        (format!("王小明,{GOOD},办公室"), "第 2 行：有多个单位名为“办公室”，请填写单位编号"),
        (format!("王小明,{GOOD},sz-office,nobody"), "第 2 行：邮箱：邮箱格式应为 name@host"),
        (format!("王小明,{GOOD},sz-office,,=1+1"), "第 2 行：单元格以公式符号开头"),
    ] {
        assert_eq!(told(&row), [said], "{row}");
    }
    // One person has one number, in whichever case its check character is typed.
    let again = GOOD.to_lowercase();
    let both = format!("王小明,{GOOD},sz-office\n李丹,{again},sz-office\n,x,y");
    let said = told(&both);
    assert_eq!(said.len(), 4, "{said:?}");
    assert_eq!(said[0], "第 3 行：证件号与第 2 行重复");
    assert!(said[1..].iter().all(|line| line.starts_with("第 4 行：")));
}

#[test]
fn a_number_that_a_spreadsheet_made_is_told_as_that() {
    let cell = r#"<c r="B2"><v>110105194912310016</v></c>"#;
    let table = read(&sheet_with(&head_and(cell))).unwrap();
    let Err(NotTaken::Rows(rows)) = taken(&table) else { panic!("taken") };
    assert_eq!(rows[0].zh(), "第 2 行：证件号被 Excel 改成了数字，请用模板重新粘贴");
    assert!(rows[0].en().starts_with("row 2: Excel changed"));
}

fn text(place: &str, text: &str) -> String {
    format!(r#"<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>"#)
}

/// A header, and a second row with this cell between a name and a unit.
fn head_and(cell: &str) -> String {
    let head: String = ["姓名", "证件号", "单位"]
        .iter()
        .zip('A'..)
        .map(|(t, c)| text(&format!("{c}1"), t))
        .collect();
    let (name, unit) = (text("A2", "王小明"), text("C2", "sz-office"));
    format!(r#"<row r="1">{head}</row><row r="2">{name}{cell}{unit}</row>"#)
}

/// A workbook with this sheet.
fn sheet_with(rows: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    archive_with(&[("xl/worksheets/sheet1.xml", sheet.as_bytes())])
}

fn archive_with(more: &[(&str, &[u8])]) -> Vec<u8> {
    let workbook = br#"<workbook xmlns:r="r"><sheets>
        <sheet name="a" sheetId="7" r:id="rId3"/></sheets></workbook>"#;
    let related = br#"<Relationships><Relationship Id="rId3" Target="worksheets/sheet1.xml"/>
        <Relationship Id="t" Type="r/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#;
    let mut files: Vec<(&str, &[u8])> = vec![
        ("xl/workbook.xml", workbook.as_slice()),
        ("xl/_rels/workbook.xml.rels", related.as_slice()),
    ];
    files.extend(more);
    packed(&files)
}

#[test]
fn hostile_workbooks_are_refused() {
    let formula = r#"<c r="B2"><f>HYPERLINK("x")</f><v>1</v></c>"#;
    assert_eq!(read(&sheet_with(&head_and(formula))), Err(FileRefusal::Formula(2)));
    let entities = b"<!DOCTYPE a [<!ENTITY b \"c\">]><worksheet/>".as_slice();
    let told = read(&archive_with(&[("xl/worksheets/sheet1.xml", entities)]));
    assert_eq!(told, Err(FileRefusal::Entities));
    let unknown = head_and(&text("B2", "&xxe;"));
    assert_eq!(read(&sheet_with(&unknown)), Err(FileRefusal::Entities));
    for name in ["xl/vbaProject.bin", "xl/embeddings/a.exe", "xl/externalLinks/a.xml"] {
        assert_eq!(
            read(&archive_with(&[(name, b"x".as_slice())])),
            Err(FileRefusal::Macros),
            "{name}"
        );
    }
    let columns: String = (0..1_000).map(|at| text(&format!("{}1", letters(at)), "x")).collect();
    let wide = format!(r#"<row r="1">{columns}</row>"#);
    assert_eq!(read(&sheet_with(&wide)), Err(FileRefusal::TooManyColumns));
    let corner = head_and(&text("XFD2", "x"));
    assert_eq!(read(&sheet_with(&corner)), Err(FileRefusal::TooManyColumns));
    let far = format!("{}<row r=\"1048576\">{}</row>", head_and(""), text("A1048576", "x"));
    assert_eq!(read(&sheet_with(&far)).unwrap().rows.len(), 3, "far away is not much");
    for broken in
        ["<row r=\"0\">", "<row r=\"2\"/><row r=\"1\"/>", "<row r=\"9999999\">", "<c r=\"\">"]
    {
        assert_eq!(read(&sheet_with(broken)), Err(FileRefusal::Malformed), "{broken}");
    }
    assert_eq!(read(&archive_with(&[])), Err(FileRefusal::Malformed), "no sheet");
    assert_eq!(read(b"PK\x03\x04"), Err(FileRefusal::Malformed));
    assert_eq!(read(&packed(&[("a", b"b")])), Err(FileRefusal::NotASheet));
    assert_eq!(read(b"\xD0\xCF\x11\xE0 old"), Err(FileRefusal::NotASheet));
}

fn letters(at: usize) -> String {
    let mut rest = at + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        letters.insert(0, char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    letters.into_iter().collect()
}

/// A deflated file whose directory says less, or very much.
#[test]
fn bombs_are_refused_before_they_unpack() {
    let zeros = vec![b' '; 4 * 1024 * 1024];
    let packed_zeros = miniz_oxide::deflate::compress_to_vec(&zeros, 9);
    for claimed in [64 * 1024 * 1024, u32::MAX] {
        let bomb = deflated("xl/workbook.xml", &packed_zeros, claimed);
        assert_eq!(read(&bomb), Err(FileRefusal::Bomb), "{claimed}");
    }
    let liar = deflated("xl/workbook.xml", &packed_zeros, 1_000);
    assert_eq!(read(&liar), Err(FileRefusal::Bomb), "it says that it is small");
    let many: Vec<String> = (0..300).map(|at| format!("{at}")).collect();
    let files: Vec<(&str, &[u8])> =
        many.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
    assert!(Archive::open(&packed(&files)).is_err());
    assert_eq!(read(&vec![b'a'; FILE_BYTES_MAX + 1]), Err(FileRefusal::FileTooLarge));
}

/// A file of some kilobytes whose cells all name one long text, and one of many empty texts.
#[test]
fn a_small_file_does_not_become_a_large_table() {
    let deflate = |content: &str| miniz_oxide::deflate::compress_to_vec(content.as_bytes(), 6);
    let row = format!("<row>{}</row>", r#"<c t="s"><v>0</v></c>"#.repeat(COLUMNS_MAX));
    let sheet =
        |rows: usize| format!("<worksheet><sheetData>{}</sheetData></worksheet>", row.repeat(rows));
    let shared = |text: &str| format!("<sst><si><t>{text}</t></si></sst>");
    let file = |sheet: &str, texts: &str| {
        let (sheet_file, texts_file) = (deflate(sheet), deflate(texts));
        let files = [
            ("xl/worksheets/sheet1.xml", sheet_file.as_slice()),
            ("xl/sharedStrings.xml", texts_file.as_slice()),
        ];
        inflating(archive_with(&files), &[sheet.len(), texts.len()])
    };
    let bomb = file(&sheet(ROWS_MAX), &shared(&"x".repeat(4_000)));
    assert!(bomb.len() < 20_000, "{}", bomb.len());
    assert_eq!(read(&bomb), Err(FileRefusal::Bomb), "400 MB of text");
    let table = read(&file(&sheet(ROWS_MAX), &shared(&"x".repeat(80)))).unwrap();
    assert_eq!(table.rows.len(), ROWS_MAX, "as much as people's rows need");
    let empty = |count: usize| format!("<sst>{}</sst>", "<si/>".repeat(count));
    assert_eq!(read(&file(&sheet(1), &empty(4_700_000))), Err(FileRefusal::Bomb));
    assert!(read(&file(&sheet(1), &empty(100_020))).is_ok());
}

/// Space is nobody's, and no file has it looked through again and again: neither one of commas in
/// which mark follows mark behind it, nor a workbook of which each cell names it, or none begins.
/// Each of them would keep a core for hours.
#[test]
fn space_is_looked_through_once() {
    let between = read(b"\"  \" \"y\"").unwrap();
    assert_eq!(between.rows[0].cells[0], Cell::Text("\"y\"".into()), "two texts are none");
    let space = " ".repeat(FILE_BYTES_MAX / 2);
    let marks = "\"".repeat(FILE_BYTES_MAX / 2 - 1);
    let commas = format!("{space}x{marks}");
    assert_eq!(read(commas.as_bytes()), Err(FileRefusal::CellTooLong(1)));
    let kept =
        read(format!("{HEADER}{space}王小明, \" {GOOD} \",  sz-office ").as_bytes()).unwrap();
    assert_eq!(kept.rows[1].cells[0], Cell::Text("王小明".into()));
    assert_eq!(taken(&kept).unwrap()[0].number.whole(), GOOD);

    let deflate = |content: &str| miniz_oxide::deflate::compress_to_vec(content.as_bytes(), 6);
    let file = |cells: &str, text: &str| {
        let sheet = format!("<worksheet><sheetData><row>{cells}</row></sheetData></worksheet>");
        let texts = format!("<sst><si><t>{text}</t></si></sst>");
        let (sheet_file, texts_file) = (deflate(&sheet), deflate(&texts));
        let files = [
            ("xl/worksheets/sheet1.xml", sheet_file.as_slice()),
            ("xl/sharedStrings.xml", texts_file.as_slice()),
        ];
        inflating(archive_with(&files), &[sheet.len(), texts.len()])
    };
    let naming = |count: usize| r#"<c t="s"><v>0</v></c>"#.repeat(count);
    let one = read(&file(&naming(COLUMNS_MAX), &format!("{space}王小明{space}"))).unwrap();
    assert_eq!(one.rows[0].cells[COLUMNS_MAX - 1], Cell::Text("王小明".into()));
    assert!(read(&file(&naming(200_000), &space)).unwrap().rows.is_empty(), "space is nothing");
    let ended = format!("<c><v>{space}</v>{}", "</c>".repeat(1_000_000));
    assert!(read(&file(&ended, "")).unwrap().rows.is_empty(), "ends without beginnings");
}

/// Says of the last files of an archive that they are deflated, and what they inflate to.
fn inflating(mut bytes: Vec<u8>, sizes: &[usize]) -> Vec<u8> {
    let entries = |bytes: &[u8]| -> Vec<usize> {
        let at = |(at, window): (usize, &[u8])| (window == b"PK\x01\x02").then_some(at);
        bytes.windows(4).enumerate().filter_map(at).collect()
    };
    let places = entries(&bytes);
    for (place, size) in places.iter().rev().zip(sizes.iter().rev()) {
        bytes[place + 10] = 8;
        bytes[place + 24..place + 28].copy_from_slice(&(*size as u32).to_le_bytes());
    }
    bytes
}

/// An archive of one deflated file with a claimed size.
fn deflated(name: &str, content: &[u8], claimed: u32) -> Vec<u8> {
    let mut bytes = packed(&[(name, content)]);
    let directory = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    bytes[directory + 10] = 8;
    bytes[directory + 24..directory + 28].copy_from_slice(&claimed.to_le_bytes());
    bytes
}

#[test]
fn a_file_holds_so_many_rows_and_columns() {
    let row = |at: usize| format!("王小明,{},sz-office\n", number(at));
    let rows: String = (0..ROWS_MAX).map(row).collect();
    let table = read(format!("{HEADER}{rows}").as_bytes()).unwrap();
    assert_eq!(taken(&table).unwrap().len(), ROWS_MAX);
    let more = format!("{HEADER}{rows}{}", row(ROWS_MAX));
    assert_eq!(read(more.as_bytes()), Err(FileRefusal::TooManyRows));
    let wide = "x,".repeat(COLUMNS_MAX + 1);
    assert_eq!(read(format!("{wide}x").as_bytes()), Err(FileRefusal::TooManyColumns));
    let long = format!("{HEADER}{},x", "长".repeat(2_000));
    assert_eq!(read(long.as_bytes()), Err(FileRefusal::CellTooLong(2)));
}

#[test]
fn a_file_without_the_templates_columns_is_told_so() {
    for (header, refusal) in [
        ("姓名,单位", FileRefusal::ColumnMissing("证件号")),
        ("姓名,证件号,证件号,单位", FileRefusal::ColumnTwice("证件号")),
        ("", FileRefusal::Nobody),
    ] {
        let table = read(format!("{header}\nx,y,z").as_bytes()).unwrap_or_default();
        let table = if header.is_empty() { Table::default() } else { table };
        assert_eq!(taken(&table), Err(refusal.into()), "{header}");
        assert!(!refusal.zh().is_empty() && !refusal.en().is_empty());
    }
}

/// As many as there may be; how long that takes, `examples/roster_pace.rs` says.
#[test]
fn a_workbook_of_five_thousand_rows_is_taken() {
    let numbers: Vec<String> = (0..ROWS_MAX).map(number).collect();
    let rows: Vec<[&str; 5]> =
        numbers.iter().map(|number| ["王小明", number.as_str(), "sz-office", "", "名册"]).collect();
    let file = workbook_with(&rows);
    assert_eq!(taken(&read(&file).unwrap()).unwrap().len(), ROWS_MAX);
}
