use tf_provider::StringEnum;

#[derive(StringEnum, Clone, Debug)]
enum Sort {
    One,
    #[tf(rename = "One")]
    Two,
}

fn main() {}
