package sample

import "math/rand/v2"

// country has its names as passports write them, in Latin letters.
type country struct {
	code                 string
	surnames, men, women []string
	second               []string // more names that one in two bears
	cities, streets      []string
	passports, issuers   []string
}

func (c *country) surname(r *rand.Rand) string { return pick(r, c.surnames...) }

func (c *country) name(r *rand.Rand, sex string) string {
	name := pick(r, c.men...)
	if sex == "F" {
		name = pick(r, c.women...)
	}
	if len(c.second) > 0 && r.IntN(2) == 0 {
		name += " " + pick(r, c.second...)
	}
	return name
}

var countries = []country{
	{
		code:      "Z100", // Albania
		surnames:  []string{"Hoxha", "Shehu", "Çela", "Gjoni", "Kola", "Dervishi", "Leka", "Prifti", "Muça", "Xhafa", "Ndreca", "Bërdufi"},
		men:       []string{"Arben", "Besnik", "Dritan", "Gëzim", "Ilir", "Luan", "Erion", "Xhevdet", "Klodian"},
		women:     []string{"Arta", "Blerina", "Drita", "Elira", "Mimoza", "Valbona", "Zana", "Ermira"},
		cities:    []string{"Tirana", "Durrës", "Vlorë", "Shkodër", "Elbasan", "Fier", "Korçë", "Lushnjë"},
		streets:   []string{"Rruga e Kavajës", "Rruga Myslym Shyri", "Bulevardi Zogu I", "Lagjja 5, Rruga Iliria", "Fshati Bubq, Krujë"},
		passports: []string{"BA", "BB", "BC", "BD"}, issuers: []string{"Ministria e Brendshme", "MPB Tirana", "Ministry of Interior"},
	},
	{
		code:      "Z140", // Moldova
		surnames:  []string{"Popescu", "Rusu", "Ceban", "Munteanu", "Țurcanu", "Bostan", "Lungu", "Ciobanu", "Grosu", "Răileanu", "Vîrlan"},
		men:       []string{"Ion", "Vasile", "Andrei", "Ștefan", "Nicolae", "Mihail", "Alexandru", "Gheorghe", "Serghei"},
		women:     []string{"Maria", "Elena", "Ana", "Natalia", "Ludmila", "Svetlana", "Tatiana", "Ecaterina"},
		cities:    []string{"Chișinău", "Bălți", "Cahul", "Orhei", "Soroca", "Ungheni", "Hîncești"},
		streets:   []string{"Strada Ștefan cel Mare", "Bulevardul Moscova", "Strada Independenței", "Satul Peresecina, str. Păcii"},
		passports: []string{"AA", "AB", "AC"}, issuers: []string{"Agenția Servicii Publice", "Public Services Agency"},
	},
	{
		code:      "Z249", // Bangladesh
		surnames:  []string{"Hossain", "Rahman", "Islam", "Uddin", "Miah", "Chowdhury", "Sikder", "Howlader", "Bepari", "Talukder", "Akter", "Sarkar"},
		men:       []string{"Mohammad", "Md Abdul", "Shahidul", "Kamrul", "Rafiqul", "Jahangir", "Nurul", "Sohel", "Delwar"},
		women:     []string{"Fatema", "Nasrin", "Shirin", "Rokeya", "Sharmin", "Mst Rahima", "Taslima"},
		second:    []string{"Alam", "Kabir", "Haque", "Bhuiyan", "Karim", "Mahmud"},
		cities:    []string{"Dhaka", "Shariatpur", "Madaripur", "Comilla", "Sylhet", "Chittagong", "Narayanganj", "Brahmanbaria", "Kishoreganj"},
		streets:   []string{"Vill. Char Atra, P.O. Naria, House", "Road 7, Sector 4, Uttara, House", "Moghbazar, Holding", "Vill. Bhojeshwar, P.S. Naria, Holding"},
		passports: []string{"A0", "EB", "BX", "EE"}, issuers: []string{"DIP/Dhaka", "DIP Dhaka", "Department of Immigration and Passports"},
	},
	{
		code:      "Z336", // Egypt
		surnames:  []string{"Abdelrahman", "El Sayed", "Mahmoud", "Hassanein", "Abou Zeid", "Ghoneim", "Soliman", "Eldesouky", "Khattab", "Shehata"},
		men:       []string{"Ahmed", "Mohamed", "Mostafa", "Karim", "Hossam", "Abdallah", "Ibrahim", "Tarek", "Ramadan"},
		women:     []string{"Fatma", "Aya", "Nourhan", "Heba", "Mariam", "Samar"},
		second:    []string{"Mohamed Ali", "Abdelaziz", "Saad", "Fathy", "Reda", "Abdelhamid"},
		cities:    []string{"Al Qahirah", "Al Gharbiyah", "Tanta", "Al Minufiyah", "Al Fayyum", "Al Mansurah", "Kafr el Sheikh"},
		streets:   []string{"Sharia El Gomhoureya", "Ezbet Abou Ali, Markaz Zefta,", "Sharia 26 July", "Mit Badr Halawa, Samannoud,"},
		passports: []string{"A1", "A2", "A3"}, issuers: []string{"Ministry of Interior", "Passport Office Gharbia", "Qism Gawazat Tanta"},
	},
	{
		code:      "Z330", // Morocco
		surnames:  []string{"El Amrani", "Benali", "Bouazza", "El Idrissi", "Chakir", "Ouahbi", "Lahlou", "Ait Taleb", "Zerouali", "Mansouri"},
		men:       []string{"Youssef", "Hamid", "Rachid", "Abdelilah", "Mustapha", "Said", "Noureddine", "Khalid"},
		women:     []string{"Khadija", "Fatima Zahra", "Naima", "Saida", "Hanane", "Latifa"},
		cities:    []string{"Casablanca", "Beni Mellal", "Khouribga", "Fquih Ben Salah", "Settat", "Kelaa des Sraghna", "Rabat", "Fès"},
		streets:   []string{"Hay El Massira, Rue 12, N.", "Douar Oulad Said, N.", "Rue Ibn Batouta", "Lot. Al Wahda, Bloc C, N."},
		passports: []string{"AB", "RD", "XA", "UY"}, issuers: []string{"Préfecture de Settat", "Province de Khouribga", "Préfecture de Casablanca Anfa"},
	},
	{
		code:      "Z251", // Vietnam
		surnames:  []string{"Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Võ", "Đặng", "Bùi", "Đỗ", "Ngô", "Nguyen", "Tran", "Le"},
		men:       []string{"Văn Hùng", "Đức Anh", "Minh Tuấn", "Quốc Bảo", "Thanh Sơn", "Xuân Trường", "Van Dung"},
		women:     []string{"Thị Hồng", "Thị Lan Anh", "Thị Mỹ Duyên", "Ngọc Ánh", "Thu Trang", "Thi Hoa"},
		cities:    []string{"Hà Nội", "Nghệ An", "Hải Phòng", "Hà Tĩnh", "Thanh Hóa", "Đà Nẵng", "Hồ Chí Minh"},
		streets:   []string{"Đường Lê Lợi, số", "Ngõ 42 Cầu Giấy, số", "Xóm 3, xã Diễn Thành, số", "Phường Tân Phú, số"},
		passports: []string{"B", "C", "P0"}, issuers: []string{"Cục Quản lý Xuất nhập cảnh", "Immigration Department"},
	},
	{
		code:      "Z209", // Sri Lanka
		surnames:  []string{"Warnakulasuriya", "Kurukulasuriya", "Fernando", "Perera", "Jayawardena", "Weerasinghe", "Mihindukulasuriya"},
		men:       []string{"Nimal", "Sampath", "Roshan", "Dinesh", "Anura", "Chaminda"},
		women:     []string{"Dilrukshi", "Nadeesha", "Chandrika", "Sujeewa", "Priyangika"},
		second:    []string{"Prasanna", "Ranjith Kumara", "Sanjeewa", "Indika"},
		cities:    []string{"Colombo", "Negombo", "Chilaw", "Wennappuwa", "Kurunegala"},
		streets:   []string{"Chilaw Road, Waikkal, No.", "St. Joseph's Street, No.", "Kolinjadiya, Wennappuwa, No."},
		passports: []string{"N", "M", "N1"}, issuers: []string{"Authority Colombo", "Department of Immigration and Emigration"},
	},
	{
		code:      "Z222", // India
		surnames:  []string{"Singh", "Kaur", "Kumar", "Sharma", "Sandhu", "Gill", "Dhaliwal", "Chahal", "Bhatti"},
		men:       []string{"Gurpreet", "Harjinder", "Sukhwinder", "Ravinder", "Amandeep", "Parmjit"},
		women:     []string{"Manpreet", "Jaswinder", "Kulwinder", "Rajwinder"},
		second:    []string{"Singh", "Kumar"},
		cities:    []string{"Jalandhar", "Hoshiarpur", "Kapurthala", "Ludhiana", "Nawanshahr", "Amritsar"},
		streets:   []string{"VPO Begowal, Tehsil Bholath, H. No.", "Mohalla Santokhpura, H. No.", "Ward 3, Dasuya, H. No.", "Model Town, H. No."},
		passports: []string{"M", "N", "P", "R", "S"}, issuers: []string{"Jalandhar", "Amritsar", "Regional Passport Office Jalandhar"},
	},
}
