//! Citizen identity numbers, GB 11643-1999: 17 digits and a check character, with the date of birth
//! inside. Never shown whole.

use core::fmt;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";

/// Why a text is no identity number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberError {
    /// Excel made a number of it, whose last digits are lost.
    #[error(
        "证件号被 Excel 改成了数字，请用模板重新粘贴 / \
         Excel changed the identity number into a number; paste it into the template again"
    )]
    ByExcel,
    /// Digits as they are typed among Chinese characters.
    #[error(
        "证件号中有全角字符，请改为半角 / \
         the identity number has full-width characters; type it in half width"
    )]
    FullWidth,
    /// One of before 1999, which has no check character.
    #[error(
        "15 位的旧证件号已停用，请填写 18 位证件号 / \
         identity numbers of 15 digits are not in use any more; write the one of 18 characters"
    )]
    Old,
    /// Not 17 digits and a check character.
    #[error("证件号应为 18 位 / the identity number must have 18 characters")]
    Form,
    /// GB 11643: the last character does not fit.
    #[error(
        "证件号校验码不符，请检查是否输错 / \
         the check character of the identity number does not fit; look for a typing error"
    )]
    Check,
    /// A day that is none, or is yet to come.
    #[error("证件号中的出生日期不存在 / the birth date in the identity number does not exist")]
    BirthDate,
}

/// A day: year, month, day.
pub type Day = (u16, u8, u8);

/// A number whose form, check character and date were checked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenNumber(String);

impl CitizenNumber {
    /// Reads one; nobody is born after `today`.
    pub fn read(text: &str, today: Day) -> Result<Self, NumberError> {
        let plain: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let plain = plain.to_ascii_uppercase();
        let bytes = plain.as_bytes();
        if looks_counted(&plain) {
            return Err(NumberError::ByExcel);
        }
        if plain.contains(|c| matches!(c, '０'..='９' | 'Ｘ' | 'ｘ')) {
            return Err(NumberError::FullWidth);
        }
        if bytes.len() == 15 && bytes.iter().all(u8::is_ascii_digit) {
            return Err(NumberError::Old);
        }
        let (digits, check) = bytes.split_at_checked(17).ok_or(NumberError::Form)?;
        let is_check = matches!(check, [last] if last.is_ascii_digit() || *last == b'X');
        if !is_check || !digits.iter().all(u8::is_ascii_digit) {
            return Err(NumberError::Form);
        }
        let sum: u32 = digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
        let expected = CHECK.get((sum % 11) as usize);
        if expected != check.first() {
            // Excel keeps fifteen digits: what is lost are zeros now.
            let lost = bytes.ends_with(b"000");
            return Err(if lost { NumberError::ByExcel } else { NumberError::Check });
        }
        let birth = (part(digits, 6..10)?, part(digits, 10..12)?, part(digits, 12..14)?);
        let day = (birth.0, birth.1 as u8, birth.2 as u8);
        if !is_day(day) || day > today || day.0 < 1_900 {
            return Err(NumberError::BirthDate);
        }
        Ok(Self(plain))
    }

    /// The whole number, for whoever makes a keyed digest of it.
    pub fn whole(&self) -> &str {
        &self.0
    }
}

/// The first six characters and the last two.
impl fmt::Display for CitizenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.0.get(..6), self.0.get(16..));
        write!(f, "{}**********{}", first.unwrap_or_default(), last.unwrap_or_default())
    }
}

impl fmt::Debug for CitizenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// `6.12525E+17`, or a fraction: what a spreadsheet makes of a long number.
fn looks_counted(text: &str) -> bool {
    let counted = |c: char| c.is_ascii_digit() || ".E+".contains(c);
    text.chars().all(counted) && (text.contains('E') || text.contains('.'))
}

fn part(digits: &[u8], range: core::ops::Range<usize>) -> Result<u16, NumberError> {
    let part = digits.get(range).ok_or(NumberError::Form)?;
    Ok(part.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

fn is_day((year, month, day): Day) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Day = (2026, 11, 30);

    #[test]
    fn a_number_is_checked_by_its_own_rules() {
        let good = CitizenNumber::read("11010519491231002x", TODAY).unwrap();
        assert_eq!(good.whole(), "11010519491231002X");
        assert_eq!(format!("{good} {good:?}"), "110105**********2X 110105**********2X");
        for (text, problem) in [
            ("110105194912310021", NumberError::Check),
            ("11010519491231003X", NumberError::Check),
            ("110105194902310022", NumberError::Check),
            ("1101051949123100", NumberError::Form),
            ("11010519491231002Y", NumberError::Form),
            ("1101051949123100２X", NumberError::FullWidth),
            ("１１０１０５１９４９１２３１００２Ｘ", NumberError::FullWidth),
            ("11010519491231002ｘ", NumberError::FullWidth),
            ("110105491231002", NumberError::Old),
            ("11010549123100X", NumberError::Form),
            ("6.12525E+17", NumberError::ByExcel),
            ("1.10105194912310E+17", NumberError::ByExcel),
            ("110105194912310000", NumberError::ByExcel),
        ] {
            assert_eq!(CitizenNumber::read(text, TODAY), Err(problem), "{text}");
        }
    }

    #[test]
    fn nobody_is_born_on_a_day_that_is_none() {
        let with_check = |digits: &str| {
            let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(d, w)| u32::from(d - b'0') * w).sum();
            format!("{digits}{}", char::from(CHECK[(sum % 11) as usize]))
        };
        for (birth, good) in [
            ("20000229", true),
            ("19000229", false),
            ("20010229", false),
            ("19991301", false),
            ("19990431", false),
            ("20261130", true),
            ("20261201", false),
            ("18991231", false),
        ] {
            let read = CitizenNumber::read(&with_check(&format!("110105{birth}123")), TODAY);
            assert_eq!(read.is_ok(), good, "{birth} {read:?}");
        }
    }
}
