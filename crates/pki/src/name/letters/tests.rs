use crate::name::{NameError, PersonName, UnitName};

/// Citizens of every people of the country, and guests of it, have their names.
#[test]
fn names_are_in_the_scripts_of_their_people() {
    for name in [
        "王小明",
        "乙一丁",
        "ئابدۇراخمان",
        "ئابدۇراخمان ئەلى",
        "买买提·艾力",
        "ٴابىلاي",
        "བསྟན་འཛིན་རྒྱ་མཚོ",
        "ᠪᠠᠲᠤ",
        "ꀋꀌ",
        "ꓡꓲꓸ ꓢꓴꓽ",
        "김철수",
        "ᥖᥭᥰ",
        "Vangz Siujmingz",
        "Жанар Әлімқызы",
        "Nguyễn Thị Ế",
        "Ελένη",
        "Գրիգոր",
        "סוזן",
        "สมชาย",
        "देवः",
        "Əliyev",
        "佐々木 アユミー",
        "A王",
        // Rare characters of the second and third plane, from their blocks.
        "𠮷田",
        "王\u{2a6d6}",
        "王\u{2b734}",
        "王\u{2b81d}",
        "王\u{2cea1}",
        "王\u{2ebe0}",
        "王\u{2ebf0}",
        "王\u{30ede}",
        "王\u{31350}",
        "㛃䶮",
        "阿依古丽·买买提·艾合买提江",
    ] {
        assert!(PersonName::read(name).is_ok(), "{name}: {:?}", PersonName::read(name).err());
        assert!(UnitName::read(name).is_ok(), "{name}: {:?}", UnitName::read(name).err());
    }
}

/// A letter that reads as a sign between letters of another script is named, whatever it is.
#[test]
fn no_letter_of_a_name_is_read_as_a_sign() {
    let signs = [
        // Tones of Lisu, finals and length of Canadian syllables.
        '\u{a4f8}', '\u{a4f9}', '\u{a4fa}', '\u{a4fb}', '\u{a4fc}', '\u{a4fd}', '\u{1427}',
        '\u{1428}', '\u{144a}', '\u{1420}', // Parts of syllables, and of characters.
        '\u{1173}', '\u{1175}', '\u{11a8}', '\u{d7b0}', '丨', '丶', '丿', '\u{3021}',
        // What stretches words, and quotation marks among the letters.
        '\u{640}', '\u{30fc}', '\u{30fd}', '\u{3127}', '\u{2bd}', '\u{2be}', '\u{2bf}', '\u{2c8}',
        '\u{2d0}', '\u{559}', '\u{a67f}', '\u{a78c}', '\u{1c3}', '\u{241}',
        // Colons behind a syllable, and a syllable's dot.
        '\u{903}', '\u{983}', '\u{1038}', '\u{17c7}', '\u{f7f}', '་',
        // Letters that are bars and strokes where no other of their script stands.
        '\u{4c0}', 'ノ', '\u{627}', '\u{5d5}',
    ];
    for sign in signs {
        for name in [format!("批准人{sign}李丹"), format!("批准人{sign}"), format!("A{sign}")]
        {
            let refused = Err(NameError::Strange(sign));
            assert_eq!(PersonName::read(&name), refused, "U+{:04X} {name}", sign as u32);
            assert!(UnitName::read(&name).is_err(), "U+{:04X} {name}", sign as u32);
        }
    }
    for sign in ['\u{2bb}', '\u{2bc}'] {
        let told = Err(NameError::NotNormalized(sign, "’".into()));
        assert_eq!(PersonName::read(&format!("Kalani{sign}ōpuu")), told);
    }
    assert!(PersonName::read("Kalani’ōpu’u").is_ok(), "as it is told to be written");
    for (name, c) in [("ꓡꓸꓸ", 'ꓸ'), ("李ꓸ", 'ꓸ'), ("李\u{301}", '\u{301}'), ("ꓡ2ꓸ", 'ꓸ')]
    {
        assert_eq!(PersonName::read(name), Err(NameError::Strange(c)), "{name}");
    }
}
