//! Why a file, or a row of it, is not taken, in words.

use pki::mail::MailboxError;
use pki::name::{NameError, both, is_hidden};
use pki::number::NumberError;

/// Most characters of a cell that are said again.
const CELL_CHARS_MAX: usize = 60;

/// What stands in a cell, between marks that it cannot end, in one line that can be seen.
fn cell(text: &str) -> String {
    let seen = text.chars().take(CELL_CHARS_MAX).map(|c| match c {
        '“' | '”' => '"',
        hidden if is_hidden(hidden) => char::REPLACEMENT_CHARACTER,
        own => own,
    });
    let more = if text.chars().nth(CELL_CHARS_MAX).is_some() { "…" } else { "" };
    format!("“{}{more}”", seen.collect::<String>())
}

/// Why a whole file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileRefusal {
    /// Larger than files may be.
    #[error("the file is larger than 4 MB")]
    FileTooLarge,
    /// Neither a workbook nor a text.
    #[error("this is neither .xlsx nor .csv; save the old .xls as .xlsx")]
    NotASheet,
    /// A workbook that contradicts itself.
    #[error("the workbook is damaged")]
    Malformed,
    /// It would unpack to far more than people's rows need.
    #[error("the workbook unpacks to more than is taken here")]
    Bomb,
    /// A workbook with a passphrase.
    #[error("the workbook is encrypted; save it without a password")]
    Encrypted,
    /// A workbook with programs or other files inside.
    #[error("the workbook holds macros or other files; save it as a plain .xlsx")]
    Macros,
    /// Its XML defines entities.
    #[error("the workbook defines entities, as no spreadsheet does")]
    Entities,
    /// A formula, in this row.
    #[error("row {0} holds a formula; paste values instead")]
    Formula(usize),
    /// Neither UTF-8 nor GB18030.
    #[error("the text is neither UTF-8 nor GB18030")]
    Encoding,
    /// Merged cells, from this row on: what stands behind the first of them nobody sees.
    #[error("row {0} has merged cells; unmerge them and fill in every row")]
    Merged(usize),
    /// A quotation mark that nothing closes, from this row on.
    #[error("a quotation mark in row {0} is never closed")]
    Quotation(usize),
    /// A cell of this row that goes on in the next one.
    #[error(
        "a cell of row {0} goes on in the next line; delete the line break or the \" before it"
    )]
    LineInCell(usize),
    /// More than 5,000 people.
    #[error("there are more than 5,000 rows; split the file")]
    TooManyRows,
    /// More than 20 columns.
    #[error("there are more than 20 columns")]
    TooManyColumns,
    /// A text of a cell that is far too long, in this row.
    #[error("a cell of row {0} is too long")]
    CellTooLong(usize),
    /// A column of the template is not there.
    #[error("the column {0} is missing; use the template")]
    ColumnMissing(&'static str),
    /// Two columns of one name.
    #[error("there are two columns {0}")]
    ColumnTwice(&'static str),
    /// A column of the template that nobody sees.
    #[error("the column {0} is hidden; show it or delete it")]
    ColumnHidden(&'static str),
    /// Nobody sees the names of the columns.
    #[error("the row with the names of the columns is hidden; show it")]
    HeaderHidden,
    /// Nobody is in it.
    #[error("there is nobody in it")]
    Nobody,
}

impl FileRefusal {
    /// The sentence for people, in Chinese.
    pub fn zh(self) -> String {
        match self {
            Self::FileTooLarge => "文件超过 4 MB。".into(),
            Self::NotASheet => "文件不是 .xlsx 或 .csv；旧的 .xls 请另存为 .xlsx。".into(),
            Self::Malformed => "工作簿已损坏。".into(),
            Self::Bomb => "工作簿解压后过大。".into(),
            Self::Encrypted => "工作簿已加密，请取消密码后另存。".into(),
            Self::Macros => "工作簿含有宏或嵌入文件，请另存为不含宏的 .xlsx。".into(),
            Self::Entities => "工作簿定义了实体，不是正常的表格文件。".into(),
            Self::Formula(row) => format!("第 {row} 行：含有公式，请粘贴为数值。"),
            Self::Encoding => "文本既不是 UTF-8 也不是 GB18030。".into(),
            Self::Merged(row) => format!("第 {row} 行：有合并的单元格，请取消合并，逐行填写。"),
            Self::Quotation(row) => format!("第 {row} 行：引号没有配对。"),
            Self::LineInCell(row) => {
                format!("第 {row} 行：单元格跨了行，请删除其中的换行或多余的引号。")
            }
            Self::TooManyRows => "超过 5000 行，请分成几个文件。".into(),
            Self::TooManyColumns => "超过 20 列，请使用模板。".into(),
            Self::CellTooLong(row) => format!("第 {row} 行：单元格内容过长。"),
            Self::ColumnMissing(name) => format!("缺少“{name}”列，请使用模板。"),
            Self::ColumnTwice(name) => format!("有两个“{name}”列。"),
            Self::ColumnHidden(name) => format!("“{name}”列被隐藏，请取消隐藏或删除。"),
            Self::HeaderHidden => "列名所在的行被隐藏，请取消隐藏。".into(),
            Self::Nobody => "表中没有人员。".into(),
        }
    }

    /// The sentence for people, in English.
    pub fn en(self) -> String {
        self.to_string()
    }
}

/// What is the matter with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// No name, or one with characters that no name has.
    #[error("the name: {}", both(.0).1)]
    Name(NameError),
    /// What was looked at cannot be read as it stands.
    #[error("the evidence: {}", both(.0).1)]
    Evidence(NameError),
    /// The row has no number.
    #[error("the identity number is missing")]
    NumberMissing,
    /// One that is none.
    #[error("{}", both(.0).1)]
    Number(NumberError),
    /// The same number in an earlier row.
    #[error("the identity number stands in row {0} already")]
    Duplicate(usize),
    /// Somebody whom the handler handles has this number.
    #[error("the identity number is registered already: {0}")]
    Registered(String),
    /// Somebody of another unit has this number.
    #[error("the identity number is registered already, in another unit")]
    RegisteredElsewhere,
    /// The row has no unit.
    #[error("the unit is missing")]
    UnitMissing,
    /// Nothing of this name that the handler handles.
    #[error("there is no unit {} that you handle", cell(.0))]
    UnitUnknown(String),
    /// Several units of this name.
    #[error("several units have the name {}; write the unit's id", cell(.0))]
    UnitAmbiguous(String),
    /// No id of a person.
    #[error("{} is no id of a person", cell(.0))]
    NoPerson(String),
    /// The same person in an earlier row.
    #[error("the person stands in row {0} already")]
    PersonTwice(usize),
    /// No open unit of this name.
    #[error("there is no unit {}", cell(.0))]
    UnitNowhere(String),
    /// No reason of a revocation.
    #[error("{} is no reason for a revocation", cell(.0))]
    NoReason(String),
    /// The person has another name.
    #[error("this person's name is {}", cell(.0))]
    NameDiffers(String),
    /// Nothing is left to be revoked.
    #[error("this person has no certificate that could be revoked")]
    NoCertificate,
    /// Why nothing is said of the person, in both languages.
    #[error("{1}")]
    Refused(String, String),
    /// A number or a day where a text stands: the file keeps something else than what is seen.
    #[error("the column {0} holds a number or a date; make the cell a text and type it again")]
    NotText(&'static str),
    /// Not a mail address.
    #[error("the mail address: {}", both(.0).1)]
    Mail(MailboxError),
    /// A text that a spreadsheet would run as a formula.
    #[error("a cell begins like a formula")]
    Formula,
    /// Whoever opened the file did not see the row.
    #[error("the row is hidden in the sheet; show it or delete it")]
    Hidden,
}

impl RowProblem {
    /// The sentence in Chinese, without the row.
    pub fn zh(&self) -> String {
        match self {
            Self::Name(error) => format!("姓名：{}", both(error).0),
            Self::Evidence(error) => format!("核验依据：{}", both(error).0),
            Self::NumberMissing => "缺少证件号".into(),
            Self::Number(error) => both(error).0,
            Self::Duplicate(row) => format!("证件号与第 {row} 行重复"),
            Self::Registered(who) => format!("证件号已登记：{who}"),
            Self::RegisteredElsewhere => "证件号已在其他单位登记".into(),
            Self::UnitMissing => "缺少单位".into(),
            Self::UnitUnknown(unit) => format!("没有您经办的单位{}", cell(unit)),
            Self::UnitAmbiguous(unit) => format!("有多个单位名为{}，请填写单位编号", cell(unit)),
            Self::NoPerson(text) => format!("{}不是人员编号", cell(text)),
            Self::PersonTwice(row) => format!("人员与第 {row} 行重复"),
            Self::UnitNowhere(unit) => format!("没有单位{}", cell(unit)),
            Self::NoReason(text) => format!("{}不是吊销原因", cell(text)),
            Self::NameDiffers(name) => format!("姓名与登记的{}不符", cell(name)),
            Self::NoCertificate => "此人没有可吊销的证书".into(),
            Self::Refused(zh, _) => zh.trim_end_matches('。').to_owned(),
            Self::NotText(name) => {
                format!("“{name}”是数字或日期单元格，请改为文本格式后重新填写")
            }
            Self::Mail(error) => format!("邮箱：{}", both(error).0),
            Self::Formula => "单元格以公式符号开头".into(),
            Self::Hidden => "该行在表格中被隐藏，请取消隐藏或删除".into(),
        }
    }
}

/// A row that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRefusal {
    /// The row has this number in the file.
    pub row: usize,
    /// The row has this problem.
    pub problem: RowProblem,
}

impl RowRefusal {
    /// The sentence for people, in Chinese.
    pub fn zh(&self) -> String {
        format!("第 {} 行：{}", self.row, self.problem.zh())
    }

    /// The sentence for people, in English.
    pub fn en(&self) -> String {
        format!("row {}: {}", self.row, self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever stands in a cell is quoted: it ends no quotation, turns nothing around, and is no
    /// longer than a line.
    #[test]
    fn no_cell_is_read_as_more_than_a_cell() {
        let of =
            |text: &str| [RowProblem::UnitNowhere, RowProblem::NoPerson].map(|of| of(text.into()));
        for problem in of("x”。第 9 行：\u{202e}已登记“\n") {
            for said in [problem.zh(), problem.to_string()] {
                let quoted = said.split_once('“').unwrap().1.split_once('”').unwrap();
                assert_eq!(quoted.0, "x\"。第 9 行：\u{fffd}已登记\"\u{fffd}");
                assert!(!quoted.1.contains(['“', '”']), "{said}");
            }
        }
        for problem in of(&"县".repeat(4_000)) {
            assert!(problem.zh().contains("县…”") && problem.to_string().chars().count() < 100);
        }
    }
}
